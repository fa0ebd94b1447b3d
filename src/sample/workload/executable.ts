/**
 * Everything else: the executable with its command line, without what changes from one start to the next, and the user.
 * `node /srv/app/server.js --port N (deploy)`, `java -jar app-*.jar (tomcat)`, `python3 -m http.server N (root)`.
 */
import { posix } from 'node:path';
import { shownText } from '../shownText.ts';
import { type Interpreter, interpreters } from './interpreters.ts';
import { normaliseArgument } from './normalise.ts';
import type { ProcessFacts, Program, WorkloadIdentity } from './workloadRule.ts';

/** Beyond this a command line no longer tells workloads apart, it only grows. */
const maxArguments = 12;
const maxKeyLength = 256;
/** What a person reads in a table. */
const maxNameLength = 96;

/** Folders of the system: what lies in them is known by its name. */
const systemFolders = /^\/(?:usr\/)?(?:local\/)?s?bin\/(?=[^/]+$)/;
/** `nginx: worker process`, `postgres: 15/main: checkpointer`, `sshd: deploy [priv]` */
const title = /^(-?[\w./@+-]{1,128}): /;

export function executable(facts: ProcessFacts): WorkloadIdentity {
  return { origin: 'executable', key: commandText(facts), name: `${commandName(facts)} (${facts.user})`, user: facts.user };
}

/** The command without the user: what a single process is called. */
export function commandName(program: Program): string {
  return shownText(oneLine(program), maxNameLength);
}

/** What is the same for the command at every start. */
export function commandText(program: Program): string {
  return shownText(oneLine(program), maxKeyLength);
}

/** `-c` and `-e` bring whole programs. */
function oneLine(program: Program): string {
  return commandOf(program).join(' ').replace(/\s+/g, ' ').trim();
}

function commandOf(facts: Program): string[] {
  const [first, ...rest] = facts.argv;
  if (first === undefined || first === '') return [normaliseName(facts.comm)];
  const titled = title.exec(first);
  if (titled?.[1] !== undefined) return [programName(titled[1])];
  // One argument with blanks and no others: a title that the process set, or an odd name; its first word is the program.
  if (rest.length === 0 && first.includes(' ')) return commandOf({ ...facts, argv: first.split(/ +/) });
  const name = programName(first);
  const base = name.slice(name.lastIndexOf('/') + 1);
  const interpreter = interpreters.find((candidate) => candidate.program.test(base));
  if (interpreter !== undefined) return [interpreter.name, ...programArguments(interpreter, rest, facts.workingDirectory)];
  return [name, ...shortened(rest)];
}

/** The script, module, jar or class with its arguments; options of the interpreter itself left out. */
function programArguments(interpreter: Interpreter, argv: readonly string[], workingDirectory: () => string | null): string[] {
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '-jar') return [argument, ...program(argv.slice(index + 1), workingDirectory)];
    if (interpreter.programOption.test(argument)) return [argument, ...shortened(argv.slice(index + 1))];
    if (interpreter.withValue.test(argument)) index += 1;
    else if (!/^[-+]./.test(argument)) return program(argv.slice(index), interpreter.name === 'java' ? nowhere : workingDirectory);
  }
  return [];
}

/** A relative script is told apart from others of its name by its folder. */
function program(argv: readonly string[], workingDirectory: () => string | null): string[] {
  const [script, ...rest] = argv;
  if (script === undefined) return [];
  const isRelativeFile = /[./]/.test(script) && !/^(?:\/|[a-z]+:)/.test(script);
  const directory = isRelativeFile ? workingDirectory() : null;
  const path = directory === null ? script : posix.join(directory, script);
  return [normaliseArgument(path), ...shortened(rest)];
}

/** A class is found on the class path and not in a folder. */
function nowhere(): null {
  return null;
}

function shortened(argv: readonly string[]): string[] {
  return argv.slice(0, maxArguments).map(normaliseArgument);
}

function programName(argv0: string): string {
  return normaliseArgument(argv0.replace(systemFolders, '').replace(/^-(?=\w)/, ''));
}

/** `kworker/0:1`-like counters at the end of a name. */
function normaliseName(comm: string): string {
  return comm === '' ? '?' : normaliseArgument(comm).replace(/(?<=[^\d])\d+$/, 'N');
}
