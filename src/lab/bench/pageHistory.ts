/** What the page is measured on: 5,000 real processes in as many workloads, and a store with 14 days of each, written by the store itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, linkSync } from 'node:fs';
import { join } from 'node:path';
import { emptySample, type Sample } from '../../model/gauge.ts';
import type { Incident } from '../../model/incident.ts';
import { hostSubject, type Subject } from '../../model/subject.ts';
import { openStore } from '../../series/embeddedStore.ts';
import { TellFile } from '../../tell/tellFile.ts';

export const processCount = 5000;
export const incidentId = 'i-bench-1';

const hourMs = 3_600_000;
const historyMs = 14 * 24 * hourMs;
/** The host and what is looked at are sampled as the daemon does lately; before that, as often as is left of it in its coarse tiers. */
const denseMs = 10_000;
const denseForMs = 12 * hourMs;
const earlierMs = 60_000;
/** Everything else. */
const sparseMs = 3 * hourMs;

/** In letters: names that differ in numbers alone are workers of one workload. */
function nameOf(index: number): string {
  return `service-${String(index).replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')}`;
}

/** Sleepers that share one file under many names, and end with this process: their stdin is a pipe from it. */
export async function startNamedFarm(folder: string): Promise<{ stop(): Promise<void> }> {
  copyFileSync('/bin/cat', join(folder, 'sleeper'));
  for (let index = 0; index < processCount; index += 1) linkSync(join(folder, 'sleeper'), join(folder, nameOf(index)));
  const script = 'exec 3<&0; for sleeper in "$1"/service-*; do "$sleeper" <&3 >/dev/null & done; echo started; wait';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(shell, 'exit');
  await once(shell.stdout, 'data');
  return {
    stop: async () => {
      shell.stdin.end();
      await ended;
    },
  };
}

/** Returns the workload that has every sample of its 14 days. */
export function writeHistory(data: string, subjects: readonly Subject[]): Subject {
  const [watched, ...others] = subjects;
  if (watched === undefined) throw new Error('expected workloads; found none');
  const store = openStore({ dir: data, retention: { maxAgeMs: 180 * 24 * hourMs, maxBytes: 4 * 1024 ** 3 } });
  const toMs = Math.floor(Date.now() / denseMs) * denseMs - denseMs;
  const fromMs = toMs - historyMs;
  try {
    for (const subject of [hostSubject, ...subjects]) store.putSubject(subject, fromMs);
    let nextSparseMs = fromMs;
    for (let timeMs = fromMs; timeMs <= toMs; timeMs += toMs - timeMs > denseForMs ? earlierMs : denseMs) {
      const share = (timeMs - fromMs) / historyMs;
      const rows = [
        { subjectId: hostSubject.id, sample: hostSample(timeMs, share) },
        { subjectId: watched.id, sample: workloadSample(timeMs, 0, share) },
      ];
      if (timeMs >= nextSparseMs) {
        rows.push(...others.map(({ id }, index) => ({ subjectId: id, sample: workloadSample(timeMs, index + 1, 0) })));
        nextSparseMs += sparseMs;
      }
      store.append(timeMs, rows);
      store.maintain(timeMs);
    }
  } finally {
    store.close();
  }
  const file = new TellFile(data);
  file.save([incidentOf(watched, toMs)], []);
  file.close();
  return watched;
}

const mib = 1024 ** 2;

function hostSample(timeMs: number, share: number): Sample {
  const wobble = Math.sin(timeMs / 700_000) * 40;
  return {
    ...emptySample(timeMs),
    anonBytes: Math.round((3000 + 4000 * share + wobble) * 256) * 4096,
    swapBytes: Math.round(Math.max(0, share - 0.9) * 20_000 * 256) * 4096,
    shmemBytes: 120 * mib,
    kernelBytes: 260 * mib,
    cpuSeconds: Math.round(timeMs / 50) / 100,
    limitBytes: 10_240 * mib,
    headroomBytes: Math.round((6000 - 5000 * share - wobble) * 256) * 4096,
    latencyUs: 400 + Math.round(200 * Math.abs(wobble)),
    stallPercent: share > 0.97 ? 20 : 0,
    stageRank: share > 0.97 ? 3 : share > 0.9 ? 2 : 0,
  };
}

function workloadSample(timeMs: number, index: number, leaked: number): Sample {
  const wobble = Math.sin(timeMs / 900_000 + index);
  return {
    ...emptySample(timeMs),
    anonBytes: Math.round((4 + (index % 50) + wobble + 3000 * leaked) * 256) * 4096,
    swapBytes: 0,
    fds: 12 + (index % 20),
    threads: 1 + (index % 8),
    processes: 1,
    cpuSeconds: Math.round(timeMs / 10_000) / 100,
  };
}

/** Two days long, with a timeline as full as one gets. */
function incidentOf({ id, name }: Subject, toMs: number): Incident {
  const openedMs = toMs - 2 * 86_400_000;
  const timeline = Array.from({ length: 200 }, (_, index) => ({
    atMs: openedMs + (index * (toMs - openedMs)) / 200,
    kind: (['stage', 'probe', 'kill', 'action', 'finding'] as const)[index % 5] ?? 'stage',
    subjectId: id,
    severity: (['info', 'warning', 'critical'] as const)[index % 3] ?? 'info',
    text: `${name}: what happened for the ${index}th time`,
  }));
  return {
    id: incidentId,
    subjectId: id,
    subjectName: name,
    state: 'resolved',
    stateSinceMs: toMs,
    severity: 'critical',
    openedMs,
    lastSeenMs: toMs,
    silencedUntilMs: null,
    owner: null,
    notes: [],
    verdict: null,
    concerns: [],
    findingIds: [],
    timeline,
    droppedEvents: 0,
    recurrences: 0,
    fix: null,
  };
}
