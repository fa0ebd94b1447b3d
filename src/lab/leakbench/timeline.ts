import { formatDuration, formatTime } from '../../model/units.ts';
import type { ResourceVerdict } from '../../model/verdict.ts';
import type { BenchCase } from './case.ts';
import type { DetectorEntry } from './detector.ts';

/** Everything one detector said about one case, change by change: to see why it was right or wrong. */
export function renderTimeline(benchCase: BenchCase, entry: DetectorEntry): string {
  const { samples } = benchCase;
  const startMs = samples[0]?.timeMs ?? 0;
  const endMs = samples.at(-1)?.timeMs ?? 0;
  const spanMs = endMs - startMs;
  const detector = entry.create({ resource: benchCase.resource, spanMs, intervalMs: spanMs / Math.max(1, samples.length - 1) });
  const lines = [headOf(benchCase, startMs, endMs)];
  let revision = Number.NaN;
  let last = '';
  for (const sample of samples) {
    detector.push(sample);
    if (detector.revision === revision) continue;
    revision = detector.revision;
    const verdicts = detector.verdict().resources;
    const state = verdicts
      .toSorted((a, b) => a.resource.localeCompare(b.resource, 'en'))
      .map(({ resource, verdict, class: kind }) => `${resource} ${verdict} (${kind})`)
      .join(', ');
    if (state !== last) lines.push(`after ${formatDuration(sample.timeMs - startMs)}: ${state}`);
    last = state;
  }
  lines.push('at the end:', ...detector.verdict().resources.flatMap(renderVerdict));
  return `${lines.join('\n')}\n`;
}

function headOf(benchCase: BenchCase, startMs: number, endMs: number): string {
  const { id, label, resource, samples, onsetMs, exhaustionMs, trueSlopePerHour } = benchCase;
  const facts = [
    `${id}: ${label} of ${resource}, ${samples.length} samples over ${formatDuration(endMs - startMs)} from ${formatTime(startMs)}`,
    onsetMs === null ? '' : `leaks from ${formatDuration(onsetMs - startMs)} on`,
    exhaustionMs === null ? '' : `exhausted after ${formatDuration(exhaustionMs - startMs)}`,
    trueSlopePerHour === null ? '' : `${trueSlopePerHour.toPrecision(4)} an hour`,
  ];
  return facts.filter(Boolean).join('; ');
}

function renderVerdict({ resource, verdict, class: kind, probability, slope, exhaustion, reasons }: ResourceVerdict): string[] {
  const rate = slope ? `, ${slope.perHour.toPrecision(4)} (${slope.low.toPrecision(4)} to ${slope.high.toPrecision(4)}) an hour` : '';
  const end = exhaustion ? `, ends ${exhaustion.at} (${exhaustion.low} to ${exhaustion.high ?? 'never'})` : '';
  return [
    `  ${resource}: ${verdict} (${kind}), probability ${probability.toFixed(3)}${rate}${end}`,
    ...reasons.map(({ rule, for: side, text }) => `    ${side.padEnd(9)} ${rule}: ${text}`),
  ];
}
