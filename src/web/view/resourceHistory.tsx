/** What one workload holds of one resource over time, and what it did meanwhile. */
import { useMemo } from 'preact/hooks';
import { seriesInWords } from '../chart/inWords.ts';
import { ChartNumbers } from '../chart/numbers.tsx';
import { subjectChart } from '../chart/subjectChart.ts';
import { TimeChart } from '../chart/timeChart.tsx';
import { replaceQuery } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { Resource, SeriesDocument, Verdict } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { unbroken } from '../words/unbroken.ts';
import { resources, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { seriesPath } from './hostMemory.tsx';
import { Load } from './load.tsx';
import { RangeSwitch, rangeFromMs, readRange, rememberRange } from './range.tsx';

const everyMs = 3000;
const chartGroup = 'workload';

interface Props {
  subjectId: string;
  judged: readonly Verdict[];
  resource: Resource;
  query: URLSearchParams;
}

export function ResourceHistory({ subjectId, judged, resource, query }: Props) {
  const range = readRange(query);
  const key = `${subjectId}/${resource}?${range}`;
  const held = useDocument<SeriesDocument>(key, () => seriesPath(subjectId, resource, range), everyMs);
  const { document: series, problem } = held;
  const label = resourceWord(resource);
  const model = useMemo(() => {
    if (series === null || series.timeMs.length < 2) return null;
    const nowMs = daemonNowMs();
    return subjectChart(series, label, rangeFromMs(range, nowMs), nowMs);
  }, [series, range]);
  const summary = series === null ? '' : seriesInWords(series, label.toLowerCase(), daemonNowMs());
  return (
    <section aria-labelledby="history" class="panel" aria-busy={held.key !== key}>
      <div class="panel-head">
        <h2 id="history">{label} over time</h2>
        <RangeSwitch range={range} onChoose={rememberRange} onAim={(aimed) => askAhead(seriesPath(subjectId, resource, aimed))} />
      </div>
      <ResourceSwitch judged={judged} resource={resource} />
      {model ? (
        <TimeChart model={model} summary={summary} height={300} group={chartGroup} />
      ) : (
        <p class="chart-empty">{emptyText(series, problem !== null)}</p>
      )}
      <p class="in-words">{unbroken(summary)}</p>
      {model && <ChartNumbers model={model} caption={`${label} over time`} />}
      {model && series && (
        <Load
          subjectId={subjectId}
          range={range}
          holding={series}
          what={resource === 'memory' ? 'memory' : label.toLowerCase()}
          above={model}
          group={chartGroup}
        />
      )}
    </section>
  );
}

function emptyText(series: SeriesDocument | null, failed: boolean): string {
  if (series !== null)
    return series.timeMs.length === 0 ? 'Nothing was recorded in this range.' : 'The first points are being recorded. A line needs two.';
  return failed ? 'The history could not be loaded. It is tried again with every scan.' : 'Loading the history …';
}

function ResourceSwitch({ judged, resource }: { judged: readonly Verdict[]; resource: Resource }) {
  const offered = resources.filter((name) => name === resource || judged.some((verdict) => verdict.resource === name));
  if (offered.length < 2) return null;
  return (
    <fieldset class="switch switch-wide">
      <legend class="sr-only">Resource</legend>
      {offered.map((name) => {
        const verdict = judged.find((one) => one.resource === name)?.verdict;
        const accused = verdict === 'leak' || verdict === 'suspect';
        return (
          <button type="button" key={name} aria-pressed={name === resource} onClick={() => replaceQuery({ resource: name })}>
            {resourceWord(name)}
            {accused && <span class={`switch-verdict verdict-${verdict}`}> · {verdictWord(verdict).toLowerCase()}</span>}
          </button>
        );
      })}
    </fieldset>
  );
}
