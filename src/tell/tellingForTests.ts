/**
 * A daemon's telling, as a process of its own that can be killed: `node tellingForTests.ts '<TellingPlan>'`. It takes in scans in which one
 * workload is found to leak, waits after each until nothing is on its way, and prints the deliveries.
 */
import { type ChannelSettings, untold } from '../model/settings.ts';
import { silentHost } from '../sample/hostForTests.ts';
import type { Scan } from '../sample/scan.ts';
import { findingOf, hostileName, startMs } from './incidentsForTests.ts';
import { Teller } from './teller.ts';

export interface TellingPlan {
  dir: string;
  channel: ChannelSettings;
  /** When, ms after the leak was found. */
  scansAtMs: number[];
  /** Is killed once it has put down what is to be sent, before any of it is. */
  diesBeforeSending: boolean;
}

export interface Told {
  key: string;
  state: string;
}

if (import.meta.main) process.stdout.write(JSON.stringify(await runPlan(JSON.parse(process.argv[2] ?? ''))));

/** Returns what was told by the end. */
export async function runPlan({ dir, channel, scansAtMs, diesBeforeSending }: TellingPlan): Promise<Told[]> {
  let nowMs = startMs;
  const teller = new Teller({
    dataDir: dir,
    hostName: 'web-1',
    settings: { ...untold, notify: { ...untold.notify, channels: [channel] } },
    log: (_level, text) => process.stderr.write(`${text}\n`),
    nowMs: () => {
      // The outbox asks for the time when it looks for what is due: what was decided is on disk then.
      if (diesBeforeSending) process.kill(process.pid, 'SIGKILL');
      return nowMs;
    },
  });
  const told = (): Told[] => teller.incidents().flatMap(({ id }) => teller.deliveries(id).map(({ key, state }) => ({ key, state })));
  for (const atMs of scansAtMs) {
    nowMs = startMs + atMs;
    const finding = { ...findingOf({ subjectName: hostileName }), lastSeenMs: nowMs };
    teller.afterScan({ scan: scanAt(nowMs), findings: [finding], concerns: [], events: [], fixes: [] });
    while (told().some(({ state }) => state === 'pending')) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await teller.stop();
  return told();
}

/** Nothing that a threshold could look at. */
function scanAt(timeMs: number): Scan {
  const host = silentHost(timeMs);
  return { timeMs, bootId: 'b', processes: [], workloads: [], host, notices: [], startedCount: 0, endedCount: 0 };
}
