/**
 * `stanch demo`: starts a program that leaks and four healthy ones, runs the daemon on this server, and tells when and why
 * it caught the leak. Leaves nothing behind, however it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { buildCommand } from '@stricli/core';
import { type Daemon, type DaemonOptions, startDaemon } from '../daemon.ts';
import { type Program, type ProgramKind, startProgram } from '../lab/programs.ts';
import { StanchError } from '../model/errors.ts';
import { observeOnly, type Settings, untold } from '../model/settings.ts';
import { formatDuration } from '../model/units.ts';
import { type SubjectRow, subjectDetailSchema, subjectsSchema } from '../serve/schema.ts';
import { loadOrCreateToken } from '../serve/token.ts';
import { type ApiClient, createClient } from './client.ts';
import type { CliContext, CliStream } from './context.ts';
import { type DemoOutcome, demoEnd, demoIntroduction, demoLine, demoTable, type Watched } from './demoReport.ts';
import { onSignals } from './onSignals.ts';
import { findPageDir } from './pageDir.ts';
import { createPaint, type Paint } from './paint.ts';
import { surroundings } from './settingsFlags.ts';
import { concern } from './statusReport.ts';
import { createVanishingFolder } from './vanishingFolder.ts';
import { version } from './version.ts';

interface Flags {
  stay: boolean;
  noColor: boolean;
}

export const demoCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'See a leak caught: starts a leaking and four healthy programs, and watches them',
    fullDescription:
      'Takes about a minute and a quarter of a gigabyte. Exit code 0 when the leak was caught and no healthy program accused, else 1. Leaves nothing behind.',
  },
  parameters: {
    flags: {
      stay: { kind: 'boolean', default: false, withNegated: false, brief: 'Keep page and programs running afterwards, until Ctrl-C' },
      noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
    },
  },
  func: demo,
});

const intervalMs = 1_000;
const defaultPort = 7420;
/** The healthy programs are watched at least so long: by then each has done everything it ever does. */
const watchAtLeastMs = 60_000;
const watchAtMostMs = 85_000;
const logEveryMs = 5_000;

const cast: readonly { kind: ProgramKind; about: string }[] = [
  { kind: 'leak', about: 'keeps 1 MiB more every second' },
  { kind: 'warm-up', about: 'grows while it starts, then is flat' },
  { kind: 'lru-cache', about: 'a cache that fills, then drops what is oldest' },
  { kind: 'gc-sawtooth', about: 'piles up garbage and collects it' },
  { kind: 'load', about: 'holds memory for requests that come and go' },
];

interface Actor extends Watched {
  kind: ProgramKind;
  program: Program;
  subjectId: string | null;
}

async function demo(this: CliContext, flags: Flags): Promise<void> {
  const { stdout, stderr, env } = this.process;
  const paint = createPaint(stdout, env, flags.noColor);
  const interrupted = onSignals();
  const folder = createVanishingFolder('stanch-demo-');
  const actors = cast.map(startActor);
  let daemon: Daemon | null = null;
  try {
    await Promise.all(actors.map(({ program }) => program.ready));
    daemon = await startOnFreePort(folder.path, (text) => stderr.write(`stanch: ${text}\n`));
    const url = `http://${daemon.address.host}:${daemon.address.port}`;
    stdout.write(`${demoIntroduction(actors, `${url}/`)}\n`);
    const client = createClient(url, surroundings({ ...env, STANCH_TOKEN: loadOrCreateToken(folder.path) }));
    const outcome = await watch({ actors, client, stdout, paint, signal: interrupted });
    stdout.write(
      `\n${demoEnd(
        outcome,
        actors.filter(({ leaks }) => !leaks),
      )}`,
    );
    if (outcome.accused !== null || outcome.caughtAfterMs === null) this.process.exitCode = 1;
    if (flags.stay) await stay(`${url}/`, stdout, interrupted);
    else stdout.write('To look around on the page: stanch demo --stay. To watch this server for good: stanch run\n');
  } catch (error) {
    if (!interrupted.aborted) throw error;
    stderr.write('\nstanch: interrupted; everything the demo started is ended.\n');
    this.process.exitCode = interrupted.reason;
  } finally {
    await Promise.all([daemon?.stop(), ...actors.map(({ program }) => program.stop())]);
    await folder.remove();
  }
}

function startActor({ kind, about }: (typeof cast)[number]): Actor {
  return { kind, name: kind, about, leaks: kind === 'leak', program: startProgram({ language: 'node', kind }), subjectId: null, row: null };
}

/** Where the page always is, unless another stanch is there already. */
async function startOnFreePort(dataDir: string, tell: (text: string) => void): Promise<Daemon> {
  const settings: Settings = {
    intervalMs,
    dataDir,
    listen: { host: '127.0.0.1', port: defaultPort },
    retention: { maxAgeMs: 86_400_000, maxBytes: 256 * 1024 * 1024 },
    allowLoopbackRead: true,
    // For the minutes of a demo nothing is to be looked at less often.
    budget: { cpuRatio: 1, rssBytes: 1024 ** 3, readsPerSecond: 1_000_000 },
    bpf: false,
    ...untold,
    probes: { enabled: false, intervalMs: 30_000, timeoutMs: 10_000, targets: null },
    explain: { automatic: false },
    policy: observeOnly,
  };
  const options: DaemonOptions = { version, pageDir: findPageDir(), log: (level, text) => level !== 'info' && tell(text) };
  try {
    return await startDaemon(settings, options);
  } catch (error) {
    if (!(error instanceof StanchError) || error.code !== 'STANCH_E_PORT_IN_USE') throw error;
    return await startDaemon({ ...settings, listen: { host: '127.0.0.1', port: 0 } }, options);
  }
}

interface Stage {
  actors: readonly Actor[];
  client: ApiClient;
  stdout: CliStream;
  paint: Paint;
  signal: AbortSignal;
}

async function watch(stage: Stage): Promise<DemoOutcome> {
  const { actors, stdout, paint, signal } = stage;
  const startMs = performance.now();
  const outcome: DemoOutcome = { caughtAfterMs: null, accused: null };
  const screen = new Progress(stdout, paint);
  for (;;) {
    await sleep(intervalMs, undefined, { signal });
    await observe(stage);
    const elapsedMs = performance.now() - startMs;
    const caught = actors.find(({ leaks, row }) => leaks && row?.verdict.verdict === 'leak')?.row ?? null;
    outcome.accused ??= actors.find(({ leaks, row }) => !leaks && row?.verdict.verdict === 'leak')?.name ?? null;
    screen.show(actors, elapsedMs);
    if (caught !== null && outcome.caughtAfterMs === null) {
      outcome.caughtAfterMs = elapsedMs;
      screen.say(catchText(caught, elapsedMs, stage));
    }
    if (outcome.accused !== null || elapsedMs >= watchAtMostMs) return outcome;
    if (outcome.caughtAfterMs !== null && elapsedMs >= watchAtLeastMs) return outcome;
  }
}

function catchText({ verdict }: SubjectRow, elapsedMs: number, { paint, stdout }: Stage): string {
  const look = { paint, width: stdout.columns ?? 100 };
  return `${paint('bold', `Caught after ${formatDuration(elapsedMs)}:`)}\n${concern(verdict, Date.now(), look)}\n\nThe healthy ones are watched a little longer.\n\n`;
}

/** Asks the daemon what it knows of each program. */
async function observe({ actors, client }: Stage): Promise<void> {
  if (actors.some(({ subjectId }) => subjectId === null)) {
    const { subjects } = await client.get('/api/v1/subjects?kind=process&limit=5000', subjectsSchema);
    for (const actor of actors) actor.subjectId = subjects.find(({ id }) => id.startsWith(`p-${actor.program.pid}-`))?.id ?? null;
  }
  for (const actor of actors) {
    if (actor.subjectId !== null) actor.row = (await client.get(`/api/v1/subjects/${actor.subjectId}`, subjectDetailSchema)).subject;
  }
}

/** On a terminal a table that is drawn over; elsewhere a line now and then. */
class Progress {
  private readonly stdout: CliStream;
  private readonly paint: Paint;
  private drawnLines = 0;
  private loggedMs = Number.NEGATIVE_INFINITY;

  constructor(stdout: CliStream, paint: Paint) {
    this.stdout = stdout;
    this.paint = paint;
  }

  show(actors: readonly Watched[], elapsedMs: number): void {
    if (this.stdout.isTTY === true) {
      const lines = demoTable(actors, elapsedMs, this.paint);
      const back = this.drawnLines > 0 ? `\u001b[${this.drawnLines}A\u001b[J` : '';
      this.stdout.write(`${back}${lines.join('\n')}\n`);
      this.drawnLines = lines.length;
    } else if (elapsedMs - this.loggedMs >= logEveryMs) {
      this.stdout.write(`${demoLine(actors, elapsedMs)}\n`);
      this.loggedMs = elapsedMs;
    }
  }

  /** Text that stays. */
  say(text: string): void {
    this.stdout.write(`\n${text}`);
    this.drawnLines = 0;
  }
}

async function stay(url: string, stdout: CliStream, signal: AbortSignal): Promise<void> {
  stdout.write(`The page stays open until Ctrl-C: ${url}\n`);
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
