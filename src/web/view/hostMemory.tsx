/** The host's memory over time, who holds it, and how far it is to the wall. */
import { useMemo, useState } from 'preact/hooks';
import { hostChart } from '../chart/hostChart.ts';
import { ChartNumbers } from '../chart/numbers.tsx';
import { TimeChart } from '../chart/timeChart.tsx';
import { askAhead } from '../talk/askDocument.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { SeriesDocument, StatusDocument, SubjectRow, SubjectsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes } from '../words/format.ts';
import { unbroken } from '../words/unbroken.ts';
import { exhaustionInterval, timeLeft } from './facts.tsx';
import { type Range, RangeSwitch, rangeFromMs, rangeQuery } from './range.tsx';

const seriesEveryMs = 4000;
const largestEveryMs = 30_000;
/** Of RAM. */
const leastShare = 0.03;

function useSeries(subjectId: string | undefined, resource: string, range: Range) {
  const path = () => seriesPath(subjectId ?? '', resource, range);
  return useDocument<SeriesDocument>(subjectId === undefined ? '' : `${subjectId}/${resource}?${range}`, path, seriesEveryMs);
}

export function seriesPath(subjectId: string, resource: string, range: Range): string {
  return `subjects/${encodeURIComponent(subjectId)}/series?resource=${resource}&${rangeQuery(range)}&points=600`;
}

const firstRange = '6h';
/** What its picture takes at least. */
export const hostMemoryPath = seriesPath('host', 'memory', firstRange);

export function HostMemory({ host, leaks }: { host: StatusDocument['host']; leaks: readonly SubjectRow[] }) {
  const [range, setRange] = useState<Range>(firstRange);
  const leaking = leaks.filter((row) => row.verdict.resource === 'memory').slice(0, 3);
  const memory = useSeries('host', 'memory', range).document;
  const shmem = useSeries('host', 'shmem', range).document;
  const kernel = useSeries('host', 'kernel', range).document;
  const series = [
    useSeries(leaking[0]?.id, 'memory', range).document,
    useSeries(leaking[1]?.id, 'memory', range).document,
    useSeries(leaking[2]?.id, 'memory', range).document,
  ];
  const large = useLargest(leaking, host.memTotalBytes);
  const largeSeries = [
    useSeries(large[0]?.id, 'memory', range).document,
    useSeries(large[1]?.id, 'memory', range).document,
    useSeries(large[2]?.id, 'memory', range).document,
  ];
  const named = (rows: readonly SubjectRow[], documents: readonly (SeriesDocument | null)[]) =>
    rows.flatMap((row, index) => {
      const own = documents[index];
      return own ? [{ name: row.name, series: own }] : [];
    });
  const leakers = named(leaking, series);
  const largest = named(large, largeSeries);
  const model = useMemo(() => {
    if (!memory || memory.timeMs.length < 2) return null;
    const nowMs = daemonNowMs();
    return hostChart(host, { memory, shmem, kernel, leakers, largest }, rangeFromMs(range, nowMs), nowMs);
  }, [range, memory, shmem, kernel, ...series, ...largeSeries, [...leaking, ...large].map((row) => row.id).join()]);

  const summary = hostInWords(host);
  return (
    <section aria-labelledby="host-memory" class="panel">
      <div class="panel-head">
        <h2 id="host-memory">Memory of this server</h2>
        <RangeSwitch range={range} onChoose={setRange} onAim={(aimed) => askAhead(seriesPath('host', 'memory', aimed))} />
      </div>
      {model ? (
        <TimeChart model={model} summary={summary} height={260} />
      ) : (
        <p class="chart-empty">{memory ? 'The first points are being recorded. A line needs two.' : 'Loading the history …'}</p>
      )}
      <p class="in-words">{unbroken(summary)}</p>
      {model && <ChartNumbers model={model} caption="Memory of this server over time" />}
    </section>
  );
}

/** Those worth a colour of their own: the largest that do not leak, and no small ones. */
function useLargest(leaking: readonly SubjectRow[], memTotalBytes: number | null): SubjectRow[] {
  const { document: found } = useDocument<SubjectsDocument>('largest', () => 'subjects?kind=workload&sort=private&limit=8', largestEveryMs);
  const leastBytes = (memTotalBytes ?? Number.POSITIVE_INFINITY) * leastShare;
  return (found?.subjects ?? [])
    .filter(({ id, privateBytes }) => (privateBytes ?? 0) >= leastBytes && !leaking.some((leak) => leak.id === id))
    .slice(0, 3);
}

function hostInWords(host: StatusDocument['host']): string {
  const { memTotalBytes, memAvailableBytes, swapTotalBytes, swapFreeBytes, memoryPressureFull10, exhaustion } = host;
  const parts: string[] = [];
  if (memTotalBytes !== null && memAvailableBytes !== null) {
    parts.push(
      `${formatBytes(memTotalBytes - memAvailableBytes)} of ${formatBytes(memTotalBytes)} RAM is taken; ${formatBytes(memAvailableBytes)} can still be had.`,
    );
  }
  if (swapTotalBytes === 0) parts.push('There is no swap.');
  else if (swapTotalBytes !== null && swapFreeBytes !== null) {
    parts.push(`${formatBytes(swapTotalBytes - swapFreeBytes)} of ${formatBytes(swapTotalBytes)} swap is used.`);
  }
  if (memoryPressureFull10 !== null && memoryPressureFull10 >= 0.01) {
    parts.push(`Everything stood still waiting for memory ${Math.round(memoryPressureFull10 * 100)} % of the last 10 s.`);
  }
  if (exhaustion) parts.push(`If nothing changes it ends in ${timeLeft(exhaustion.at)}: ${exhaustionInterval(exhaustion)}.`);
  return parts.join(' ');
}
