/** What the server goes through, as documents have it. */
import type { ProbeState } from '../model/probe.ts';
import { type Reading, valueOrNull } from '../model/reading.ts';
import { probeUrl } from '../relate/probes/probeTarget.ts';
import type { HostDocument, StatusDocument } from './schema.ts';
import type { LiveSource } from './source.ts';

type ConditionDocument = StatusDocument['condition'];

export function conditionPart(source: LiveSource): ConditionDocument {
  const { stage, sinceMs, because, cause, also, causeBecause, sentence, probes, loopback, seesKernelLog } = source.condition();
  return {
    stage,
    since: new Date(sinceMs).toISOString(),
    because,
    cause,
    also,
    causeBecause,
    sentence,
    probes: probes.map(probeDocument),
    loopback:
      loopback === null
        ? null
        : { time: new Date(loopback.atMs).toISOString(), sent: loopback.sent, lost: loopback.lost, roundTripMs: loopback.roundTripMs },
    seesKernelLog,
  };
}

function probeDocument({
  name,
  target,
  state,
  sinceMs,
  latest,
  waitingMs,
  range,
  slowAboveMs,
}: ProbeState): ConditionDocument['probes'][number] {
  return {
    name,
    kind: target.kind,
    url: probeUrl(target),
    state,
    since: new Date(sinceMs).toISOString(),
    latencyMs: latest?.latencyMs ?? null,
    failure: latest?.failure ?? null,
    waitingMs,
    range,
    slowAboveMs,
  };
}

export function vitalsPart(source: LiveSource): HostDocument['vitals'] {
  const { vitals } = source.condition();
  if (vitals === null) return null;
  const { timeMs: _time, memAvailableBytes: _available, swapTotalBytes: _swap, cpuCount: _cpus, disk, network, ...rates } = vitals;
  return { ...nulls(rates), disk: valueOrNull(disk), network: nulls(network) };
}

/** Every reading as a number or null. */
function nulls<K extends string>(readings: Record<K, Reading<number>>): Record<K, number | null> {
  const entries = Object.entries<Reading<number>>(readings).map(([name, reading]) => [name, valueOrNull(reading)]);
  return Object.fromEntries(entries);
}
