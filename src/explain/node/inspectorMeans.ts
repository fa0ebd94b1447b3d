/**
 * The second means, for Node and only where the owner asks for it: the sampling heap profile of its own inspector, which names the line that
 * allocates. SIGUSR1 opens the inspector on loopback; a process that does not catch it would be ended by it, so that is asked first. The inspector
 * is closed again at the end, and that its port is closed is looked at.
 * https://nodejs.org/api/process.html#signal-events, https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readListeningSockets } from '../../kernel/listeningSockets.ts';
import { readFdLink, readFdNames } from '../../kernel/pidFd.ts';
import { readPidMaps } from '../../kernel/pidMaps.ts';
import { hears, readPidSignals } from '../../kernel/pidSignals.ts';
import { readLink } from '../../kernel/read.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { formatDuration } from '../../model/units.ts';
import type { GrowingThing } from '../growingThing.ts';
import { InspectorSession } from './inspectorSession.ts';
import { allocationGrowth, type SamplingNode } from './samplingProfile.ts';

const samplingBytes = 32_768;
const portPatienceMs = 5_000;
const askEveryMs = 50;
const closeAfterMs = 10_000;
const stayEveryMs = 2_000;
const mostOpenFiles = 65_536;
const timer = "process[Symbol.for('stanch.closesInspector')]";

/** Of a process that catches the signal and whose loopback is ours. Errors: STANCH_E_NOT_POSSIBLE. */
export function requireInspectable(pid: number): void {
  if (!runsNode(pid) || !catchesSignal(pid))
    throw notPossible('a Node process that catches SIGUSR1', 'one that it would end: it runs with --disable-sigusr1, or is no Node');
  if (readLink('/proc/self/ns/net') !== readLink(`/proc/${pid}/ns/net`))
    throw notPossible('a process in the network namespace of stanch', 'one in its own, such as a container: its loopback is not reached');
}

function catchesSignal(pid: number): boolean {
  const signals = readPidSignals(pid);
  return isValue(signals) && hears(signals, 'SIGUSR1');
}

/** Others catch the signal too, and do with it what is theirs. */
function runsNode(pid: number): boolean {
  const maps = readPidMaps('/proc', pid);
  return isValue(maps) && maps.files.some((path) => /\/(?:node|libnode)[^/]*$/.test(path));
}

/** The profile at the middle and at the end: what is kept grows in both halves. */
export async function profileByInspector(pid: number, intervalMs: number, onProgress: (done: number) => void): Promise<GrowingThing[]> {
  return await withInspector(pid, async (session) => {
    await session.ask('HeapProfiler.startSampling', { samplingInterval: samplingBytes });
    const profiles: SamplingNode[] = [];
    for (let half = 0; half < 2; half += 1) {
      onProgress((1 + half) / 3);
      await sleep(intervalMs);
      profiles.push(await session.profile());
    }
    await session.ask('HeapProfiler.stopSampling', {});
    const [middle, end] = profiles;
    return middle === undefined || end === undefined ? [] : allocationGrowth(middle, end);
  });
}

/** Closed again whatever happens. Errors: STANCH_E_NOT_POSSIBLE. */
export async function withInspector<T>(pid: number, use: (session: InspectorSession) => Promise<T>): Promise<T> {
  requireInspectable(pid);
  const before = ownPorts(pid);
  process.kill(pid, 'SIGUSR1');
  const { session, port } = await openedSession(pid, before);
  // Should stanch be ended in the middle, the process closes it by itself: it no longer hears that it is to stay open.
  const stay = setInterval(() => session.tell('Runtime.evaluate', { expression: `${timer}?.refresh()` }), stayEveryMs);
  let found: T;
  try {
    await session.evaluate(inTarget(`${timer} = setTimeout(() => inspector.close(), ${closeAfterMs}); ${timer}.unref();`));
    found = await use(session);
  } catch (error) {
    await closeAfter(error, pid, session, port);
    throw error;
  } finally {
    clearInterval(stay);
  }
  await closeInspector(pid, session, port);
  return found;
}

/** What went wrong first is what is told; of a process that ended by it, that. */
async function closeAfter(first: unknown, pid: number, session: InspectorSession, port: number): Promise<void> {
  try {
    await closeInspector(pid, session, port);
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
  }
  if (first instanceof StanchError && !runsNode(pid))
    throw new StanchError('STANCH_E_GONE', {
      expected: `process ${pid} to live through it`,
      found: 'that it ended meanwhile',
      next: 'See whether the kernel ended it for want of memory: stanch oom',
    });
}

/** Of one that was ended by force, perhaps before the process was told to close it by itself. `before`: the ports that were open then. */
export async function closeLeftInspector(pid: number, before: ReadonlySet<number>): Promise<void> {
  try {
    const { session, port } = await openedSession(pid, before);
    await closeInspector(pid, session, port);
  } catch (error) {
    // It was not opened, or stands still in its snapshot: then it closes by itself.
    if (!(error instanceof StanchError)) throw error;
  }
}

/** The module is asked for at once: what runs later in the process must not fail. */
function inTarget(statements: string): string {
  return `((inspector) => { ${statements} return 0; })((process.getBuiltinModule ?? require)('node:inspector'))`;
}

/** That the process listens at on loopback; no other's: whoever opens a port at the same time may be anybody. */
export function ownPorts(pid: number): Set<number> {
  const folder = `/proc/${pid}/fd`;
  const names = readFdNames(folder, mostOpenFiles);
  const links = isValue(names) ? names.map((name) => readFdLink(`${folder}/${name}`)) : [];
  const inodes = new Set(links.flatMap((link) => (isValue(link) && link.kind === 'socket' ? [link.inode] : [])));
  const listening = readListeningSockets('/proc').filter(({ address, inode }) => address === '127.0.0.1' && inodes.has(inode));
  return new Set(listening.map(({ port }) => port));
}

async function openedSession(pid: number, before: ReadonlySet<number>): Promise<{ session: InspectorSession; port: number }> {
  for (const end = performance.now() + portPatienceMs; performance.now() < end; await sleep(askEveryMs)) {
    for (const port of ownPorts(pid)) {
      if (before.has(port)) continue;
      const session = await InspectorSession.open(port);
      if (session !== null && (await session.evaluate('process.pid')) === pid) return { session, port };
      session?.close();
    }
  }
  throw notPossible(
    'its inspector to listen after SIGUSR1',
    'that it does not: it was open before, its port is taken, or the program has a handler of its own',
  );
}

async function closeInspector(pid: number, session: InspectorSession, port: number): Promise<void> {
  try {
    // Closed from inside of an answer it would wait for itself.
    await session.evaluate(inTarget(`clearTimeout(${timer}); delete ${timer}; setTimeout(() => inspector.close(), 10);`));
  } finally {
    session.close();
  }
  for (const end = performance.now() + portPatienceMs; performance.now() < end; await sleep(askEveryMs))
    if (!ownPorts(pid).has(port)) return;
  throw notPossible(
    `port ${port} of its inspector to be closed again`,
    'that it still listens on loopback; restarting the process closes it',
  );
}

export function inspectorCostText(forMs: number): string {
  return `SIGUSR1 is sent to it, which it catches and by which it opens its inspector on loopback for ${formatDuration(forMs)}; V8 takes one sample for each 32 KiB that it allocates, at some per cent of its CPU time; three answers take up to 100 ms each in its event loop. Meanwhile any user of this machine could have it run code. The inspector is closed again.`;
}

function notPossible(expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', { expected, found, next: 'Without --means inspector its memory is only read.' });
}
