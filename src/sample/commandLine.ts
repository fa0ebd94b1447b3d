/** The command line of a process as it is shown: secrets masked, controls escaped, of bounded length. */
import { maskSecrets } from './maskSecrets.ts';
import { shownText } from './shownText.ts';

const maxArguments = 64;
const maxArgumentLength = 2048;
const maxLength = 512;

/** Without arguments (kernel threads, zombies, a cleared title) the name in brackets, as `ps` does. */
export function shownCommand(argv: readonly string[], comm: string): string {
  if (argv.length === 0) return `[${shownText(comm, 64)}]`;
  return shownText(maskedArguments(argv).join(' '), maxLength);
}

/** Arguments with secrets masked, cut to lengths that masking can take in its stride. */
export function maskedArguments(argv: readonly string[]): string[] {
  return maskSecrets(argv.slice(0, maxArguments).map((argument) => argument.slice(0, maxArgumentLength)));
}
