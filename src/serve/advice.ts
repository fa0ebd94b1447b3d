/** `/api/v1/advice`: what to set, for one workload or for those that matter most. */
import { actionPlan } from '../advise/actionPlan.ts';
import { advise } from '../advise/advise.ts';
import { fileDiff } from '../advise/fileDiff.ts';
import type { Measurements } from '../advise/measurements.ts';
import { readBasis } from '../advise/readBasis.ts';
import { readMeasurements } from '../advise/readMeasurements.ts';
import type { ActionPlan } from '../model/action.ts';
import { privateMemory } from '../model/gauge.ts';
import type { AdviceDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

/** Without a name: what leaks or is suspected, then the largest. */
const mostWorkloads = 8;

/** Null: no workload of that id, name or part of a name that only one has runs. */
export function adviceDocument(
  source: LiveSource,
  query: { subject?: string | undefined; requestsPerHour: number | null },
): AdviceDocument | null {
  const ids = query.subject === undefined ? worthAdvising(source) : named(source, query.subject);
  const advice = ids.map((id) => adviceOn(source, id, query.requestsPerHour)).filter((each) => each !== null);
  if (query.subject !== undefined && advice.length === 0) return null;
  return { schema: 'stanch.advice/1', time: new Date(source.nowMs()).toISOString(), advice };
}

function adviceOn(source: LiveSource, id: string, requestsPerHour: number | null): AdviceDocument['advice'][number] | null {
  const measured = measure(source, id, requestsPerHour);
  if (measured === null) return null;
  const advice = advise(measured);
  const recommendations = advice.recommendations.map((each) => ({ ...each, diff: each.change === null ? [] : fileDiff(each.change) }));
  return { ...advice, recommendations };
}

/** Of one recommendation; null: it does not run, or there is no such advice that stanch could carry out. */
export function advisedPlan(
  source: LiveSource,
  { subject, id, requestsPerHour }: { subject: string; id: string; requestsPerHour: number | null },
): ActionPlan | null {
  const measured = measure(source, subject, requestsPerHour);
  if (measured === null) return null;
  const advice = advise(measured);
  const recommendation = advice.recommendations.find((each) => each.id === id);
  return recommendation === undefined ? null : actionPlan(advice, recommendation, measured.unit?.cgroup ?? null);
}

function measure(source: LiveSource, id: string, requestsPerHour: number | null): Measurements | null {
  const scan = source.scan();
  const from = { scan, verdict: source.judged(id)?.verdict ?? null, store: source.store, nowMs: source.nowMs(), requestsPerHour };
  return readMeasurements(id, { scan, basis: readBasis(id, from) });
}

function worthAdvising(source: LiveSource): string[] {
  const concern = (id: string) => {
    const word = source.judged(id)?.verdict?.verdict;
    return word === 'leak' ? 2 : word === 'suspect' ? 1 : 0;
  };
  return source
    .scan()
    .workloads.filter(({ subject, memberIds }) => memberIds.length > 0 && subject.origin !== 'kernel' && subject.origin !== 'user-session')
    .map(({ subject: { id }, sample }) => ({ id, concern: concern(id), bytes: privateMemory(sample) || 0 }))
    .sort((a, b) => b.concern - a.concern || b.bytes - a.bytes)
    .slice(0, mostWorkloads)
    .map(({ id }) => id);
}

function named(source: LiveSource, wanted: string): string[] {
  const { workloads, processes } = source.scan();
  const exact = workloads.filter(({ subject: { id, name } }) => id === wanted || name === wanted || name === `${wanted}.service`);
  if (exact.length > 0) return exact.slice(0, mostWorkloads).map(({ subject }) => subject.id);
  const ofPid = /^\d{1,10}$/.test(wanted) ? processes.find(({ id }) => id.pid === Number(wanted))?.subject.workloadId : undefined;
  if (ofPid !== undefined) return [ofPid];
  const partly = workloads.filter(({ subject }) => subject.name.includes(wanted));
  return partly.slice(0, mostWorkloads).map(({ subject }) => subject.id);
}
