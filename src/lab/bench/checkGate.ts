/** `stanch check` on 20 programs that leak and 20 that do not, several times each: every wrong answer is told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { allocatorEnvironment, type ProgramOptions, programCommand, programLanguages } from '../programs.ts';
import { stanchProgram } from './stanchProgram.ts';
import { table } from './table.ts';

const kib = 1024;
const watchFor = '60s';
const atOnce = 10;

interface Trial {
  options: ProgramOptions;
  leaks: boolean;
}

/** Of the same answer each time: a gate that says this today and that tomorrow is none. */
export async function benchCheck(runs: number): Promise<string> {
  const trials = [...leaking(), ...healthy()];
  const queue = trials.flatMap((trial) => Array.from({ length: runs }, () => trial));
  const answers = new Map<Trial, string[]>(trials.map((trial) => [trial, []]));
  const work = async () => {
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) answers.get(trial)?.push(await answerTo(trial));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return report(answers);
}

function leaking(): Trial[] {
  const steady = programLanguages.flatMap((language) =>
    [256 * kib, 512 * kib, 1024 * kib, 2048 * kib].map((rateBytesPerSecond, seed) => ({
      language,
      kind: 'leak' as const,
      rateBytesPerSecond,
      seed: seed + 1,
    })),
  );
  const counted = (['fd-leak', 'close-wait'] as const).flatMap((kind) => [
    ...programLanguages.map((language) => ({ language, kind })),
    { language: 'node' as const, kind, rateBytesPerSecond: 256 * kib },
  ]);
  return [...steady, ...counted].map((options) => ({ options, leaks: true }));
}

function healthy(): Trial[] {
  const kinds = ['warm-up', 'lru-cache', 'gc-sawtooth', 'load'] as const;
  const usual = kinds.flatMap((kind) => programLanguages.map((language) => ({ language, kind })));
  const slower = kinds.flatMap((kind) =>
    (['node', 'python'] as const).map((language) => ({ language, kind, rateBytesPerSecond: 512 * kib, seed: 2 })),
  );
  return [...usual, ...slower].map((options) => ({ options, leaks: false }));
}

async function answerTo({ options }: Trial): Promise<string> {
  const args = ['check', '--for', watchFor, '--json', '--', ...programCommand(options)];
  const child = spawn(stanchProgram, args, { env: allocatorEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  return text.startsWith('{') ? String(JSON.parse(text).answer) : `exit code ${child.exitCode}`;
}

function report(answers: ReadonlyMap<Trial, readonly string[]>): string {
  const rows = [...answers].map(([{ options, leaks }, given]) => {
    const { kind, language, rateBytesPerSecond } = options;
    const right = given.filter((answer) => answer === (leaks ? 'leak' : 'passed')).length;
    const rate = rateBytesPerSecond === undefined ? 'usual' : `${rateBytesPerSecond / kib} KiB/s`;
    return [`${language} ${kind}`, rate, leaks ? 'leaks' : 'healthy', `${right} of ${given.length}`, given.join(' ')];
  });
  const wrong = [...answers].flatMap(([{ leaks }, given]) => given.filter((answer) => answer !== (leaks ? 'leak' : 'passed'))).length;
  const all = [...answers.values()].reduce((sum, given) => sum + given.length, 0);
  return `stanch check --for ${watchFor}, ${atOnce} at once: ${wrong} of ${all} answers are wrong\n\n${table(['program', 'rate', 'is', 'right', 'answers'], rows)}`;
}
