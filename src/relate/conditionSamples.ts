/** What is kept over time of what the server goes through, as gauges of the host and of each probe. Pure. */
import { stages } from '../model/cascade.ts';
import { emptySample, type Sample } from '../model/gauge.ts';
import type { ProbeState } from '../model/probe.ts';
import { absent, isValue, type Reading } from '../model/reading.ts';
import type { Subject } from '../model/subject.ts';
import type { HostCondition } from './hostWatch.ts';
import { probeUrl } from './probes/probeTarget.ts';

export function hostGauges({ stage, vitals }: HostCondition): Pick<Sample, 'latencyUs' | 'stallPercent' | 'stageRank'> {
  const stalled = vitals?.memoryFull ?? absent;
  const disk = vitals?.disk ?? absent;
  return {
    latencyUs: isValue(disk) ? Math.round(disk.latencyMs * 1000) : disk,
    stallPercent: isValue(stalled) ? Math.round(stalled * 100) : stalled,
    stageRank: stages.indexOf(stage),
  };
}

export function probeSamples({ probes }: Pick<HostCondition, 'probes'>, timeMs: number): { subject: Subject; sample: Sample }[] {
  return probes.map((probe) => ({ subject: probeSubject(probe), sample: { ...emptySample(timeMs), latencyUs: latencyUs(probe) } }));
}

export function probeSubject({ name, target }: Pick<ProbeState, 'name' | 'target'>): Subject {
  return { id: `probe:${probeUrl(target)}`, kind: 'probe', name };
}

/** Of a question that has been on its way for longer than the last one took: how long so far. Absent while there was no answer. */
function latencyUs({ latest, waitingMs }: ProbeState): Reading<number> {
  const longestMs = Math.max(latest?.latencyMs ?? 0, waitingMs ?? 0);
  return latest?.latencyMs == null && waitingMs === null ? absent : Math.round(longestMs * 1000);
}
