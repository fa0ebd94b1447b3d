/** Which program of supervisord a process is, by its arguments: supervisord itself is not asked. */
import { posix } from 'node:path';
import { maskedArguments } from '../commandLine.ts';
import { readSupervisorConfig } from './supervisorConfig.ts';

/** Its own configuration is read by supervisord only when somebody says so: a look now and then is enough. */
const keptForQuestions = 64;
const maxConfigs = 16;
const word = /"([^"]*)"|'([^']*)'|[^\s"']+/g;

interface Known {
  programs: { name: string; words: readonly string[] }[];
  questions: number;
}

export class SupervisorPrograms {
  readonly #known = new Map<string, Known>();

  /** null when no command fits. */
  of(configFile: string, argv: readonly string[]): string | null {
    let known = this.#known.get(configFile);
    if (known === undefined || known.questions >= keptForQuestions) {
      known = { programs: programsIn(configFile), questions: 0 };
      if (this.#known.size >= maxConfigs) this.#known.clear();
      this.#known.set(configFile, known);
    }
    known.questions += 1;
    return known.programs.find(({ words }) => runs(argv, words))?.name ?? null;
  }
}

function programsIn(configFile: string): Known['programs'] {
  return [...readSupervisorConfig(configFile)].map(([name, command]) => {
    const words = [...command.matchAll(word)].map(([whole, double, single]) => double ?? single ?? whole);
    // As the arguments are: with secrets masked.
    return { name, words: maskedArguments(words) };
  });
}

/** The last arguments are the words of the command: in front of a script stands what interprets it. */
function runs(argv: readonly string[], words: readonly string[]): boolean {
  if (words.length === 0 || argv.length < words.length || argv.length > words.length + 2) return false;
  const from = argv.length - words.length;
  return words.every((expected, index) => isSame(argv[from + index] ?? '', expected, index === 0));
}

/** `%(process_num)02d` stands for anything; a program may be given without its folder. */
function isSame(argument: string, expected: string, isProgram: boolean): boolean {
  if (argument === expected) return true;
  if (isProgram && !expected.includes('/') && posix.basename(argument) === expected) return true;
  const [first = '', ...rest] = expected.split(/%\(\w+\)\w*[a-z]/);
  const last = rest.at(-1);
  return last !== undefined && argument.length >= first.length + last.length && argument.startsWith(first) && argument.endsWith(last);
}
