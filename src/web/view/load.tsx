/** Load beside memory: CPU time, or how many processes, threads or connections there were, under the chart of what it holds. */
import { useMemo, useState } from 'preact/hooks';
import type { ChartModel } from '../chart/chartModel.ts';
import { loadChart, loadInWords } from '../chart/loadChart.ts';
import { TimeChart } from '../chart/timeChart.tsx';
import type { SeriesDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { unbroken } from '../words/unbroken.ts';
import { seriesPath } from './hostMemory.tsx';
import type { Range } from './range.tsx';

const everyMs = 4000;
const kinds = { cpu: 'CPU time', processes: 'Processes', threads: 'Threads', fds: 'Open files', sockets: 'Sockets' } as const;
type Kind = keyof typeof kinds;
const kindNames: readonly Kind[] = ['cpu', 'processes', 'threads', 'fds', 'sockets'];

interface Props {
  subjectId: string;
  range: Range;
  /** What it holds, and what that is called. */
  holding: SeriesDocument;
  what: string;
  /** Of the same, for the axis. */
  above: ChartModel;
  group: string;
}

export function Load({ subjectId, range, holding, what, above, group }: Props) {
  const [kind, setKind] = useState<Kind>('cpu');
  const { document: load, problem } = useDocument<SeriesDocument>(
    `${subjectId}/${kind}?${range}`,
    () => seriesPath(subjectId, kind, range),
    everyMs,
  );
  const label = kinds[kind];
  const model = useMemo(() => (load !== null && load.timeMs.length > 1 ? loadChart(load, label, above) : null), [load, above]);
  const words = load === null ? null : loadInWords(load, label, holding, what);
  return (
    <div class="load">
      <div class="load-head">
        <h3>What it did meanwhile</h3>
        <fieldset class="switch">
          <legend class="sr-only">What it did meanwhile</legend>
          {kindNames
            .filter((name) => name !== holding.resource)
            .map((name) => (
              <button type="button" key={name} aria-pressed={name === kind} onClick={() => setKind(name)}>
                {kinds[name]}
              </button>
            ))}
        </fieldset>
      </div>
      {model !== null && hasValues(load) ? (
        <TimeChart model={model} summary={words ?? `${label} over time`} height={120} group={group} />
      ) : (
        <p class="load-empty">{emptyWords(kind, load, problem !== null)}</p>
      )}
      {words !== null && <p class="in-words">{unbroken(words)}</p>}
    </div>
  );
}

function hasValues(load: SeriesDocument | null): boolean {
  return load?.mean.some((value) => value !== null) ?? false;
}

function emptyWords(kind: Kind, load: SeriesDocument | null, failed: boolean): string {
  if (load === null) return failed ? 'It could not be loaded. It is tried again with every scan.' : 'Loading …';
  return kind === 'sockets'
    ? 'Sockets are counted only in what grows. None were in this range.'
    : 'Nothing of it was recorded in this range.';
}
