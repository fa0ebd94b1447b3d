/** One row of the table of workloads or processes. */
import { privateMemory, type Sample } from '../model/gauge.ts';
import { isValue, type Reading, valueOrNull } from '../model/reading.ts';
import type { Subject } from '../model/subject.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import type { SubjectRow } from './schema.ts';

/** Anonymous + swapped-out bytes; null when the first was not read. */
export function privateBytesOf(sample: Sample): number | null {
  const bytes = privateMemory(sample);
  return Number.isNaN(bytes) ? null : bytes;
}

export function timeText(reading: Reading<number>): string | null {
  return isValue(reading) ? new Date(reading).toISOString() : null;
}

/** The customer of a shared host whose it is. */
export function hostingOf({ account, domain }: Subject): Pick<SubjectRow, 'account' | 'domain'> {
  return { account: account ?? null, domain: domain ?? null };
}

export function subjectRow(
  subject: Subject,
  { sample, zombies }: { sample: Sample; zombies: number },
  verdict: SubjectVerdict,
  spark: (number | null)[],
): SubjectRow {
  return {
    id: subject.id,
    kind: subject.kind,
    name: subject.name,
    origin: subject.origin ?? null,
    user: subject.user ?? null,
    ...hostingOf(subject),
    workloadId: subject.workloadId ?? null,
    privateBytes: privateBytesOf(sample),
    swapBytes: valueOrNull(sample.swapBytes),
    shmemBytes: valueOrNull(sample.shmemBytes),
    fds: valueOrNull(sample.fds),
    threads: valueOrNull(sample.threads),
    processes: valueOrNull(sample.processes),
    zombies,
    limitBytes: valueOrNull(sample.limitBytes),
    startTime: timeText(sample.startTimeMs),
    verdict,
    spark,
  };
}
