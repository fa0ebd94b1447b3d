/** The command line of a process as it is shown: secrets masked, controls escaped, of bounded length. */
import { hash } from 'node:crypto';
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

/** Workers are many of one kind, and every process is named again and again: what was masked lately, by the hash of what it was. */
const lately = new Map<string, string[]>();
const mostLately = 512;

/** Arguments with secrets masked, cut to lengths that masking can take in its stride. */
export function maskedArguments(argv: readonly string[]): readonly string[] {
  const cut = argv.slice(0, maxArguments).map((argument) => argument.slice(0, maxArgumentLength));
  const key = hash('sha256', cut.join('\0'));
  const known = lately.get(key);
  if (known !== undefined) return known;
  const masked = maskSecrets(cut);
  const [oldest] = lately.keys();
  if (oldest !== undefined && lately.size >= mostLately) lately.delete(oldest);
  lately.set(key, masked);
  return masked;
}
