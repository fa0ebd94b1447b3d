/** The numbers of a verdict, each with its unit and its interval. */
import type { ComponentChildren } from 'preact';
import { daemonNowMs } from '../talk/clock.ts';
import type { Exhaustion, Resource, Slope, Verdict } from '../talk/documents.ts';
import { formatDuration, formatMoment, formatRateInterval } from '../words/format.ts';
import { isSureGrowth, rateWords, wallWord } from '../words/verdictWords.ts';
import { Moment } from './moment.tsx';

export function VerdictFacts({ verdict }: { verdict: Verdict }) {
  const { slope, onset, exhaustion } = verdict;
  return (
    <dl class="facts">
      {exhaustion && <ExhaustionFact exhaustion={exhaustion} />}
      {slope && isSureGrowth(slope) && <SlopeFact slope={slope} resource={verdict.resource} />}
      {onset !== null && (
        <Fact term="Since" value={<Moment at={onset} />}>
          {formatDuration(daemonNowMs() - Date.parse(onset))} ago
        </Fact>
      )}
    </dl>
  );
}

function Fact({ term, value, children }: { term: string; value: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>
        <strong>{value}</strong>
        <span>{children}</span>
      </dd>
    </div>
  );
}

function SlopeFact({ slope, resource }: { slope: Slope; resource: Resource }) {
  return (
    <Fact term={slope.perHour < 0 ? 'Shrinks by' : 'Grows by'} value={rateWords({ ...slope, perHour: Math.abs(slope.perHour) }, resource)}>
      {formatRateInterval(slope.low, slope.high, slope.unit)}
    </Fact>
  );
}

function ExhaustionFact({ exhaustion }: { exhaustion: Exhaustion }) {
  return (
    <Fact term={`Reaches ${wallWord(exhaustion.wall)} in`} value={timeLeft(exhaustion.at)}>
      {exhaustionInterval(exhaustion)}
    </Fact>
  );
}

export function timeLeft(at: string, nowMs = daemonNowMs()): string {
  const leftMs = Date.parse(at) - nowMs;
  return leftMs < 1000 ? 'no time: it is there' : formatDuration(leftMs);
}

/** `between 03:50 and 07:00`. */
export function exhaustionInterval({ low, high }: Exhaustion): string {
  const nowMs = daemonNowMs();
  const earliest = formatMoment(Date.parse(low), nowMs);
  if (high !== null && formatMoment(Date.parse(high), nowMs) === earliest) return `at about ${earliest}`;
  return high === null ? `not before ${earliest}, perhaps never` : `between ${earliest} and ${formatMoment(Date.parse(high), nowMs)}`;
}
