/** Generations side by side: each life of the workload since a restart, all from the same left edge. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { lifeInNumbers, livesPicture } from '../chart/livesPicture.ts';
import type { Life, LivesDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes, formatDuration, formatRate } from '../words/format.ts';
import { unbroken } from '../words/unbroken.ts';
import { Moment } from './moment.tsx';

const everyMs = 30_000;
const height = 260;
const margin = { left: 68, right: 84, top: 12, bottom: 30 };

export function Lives({ subjectId }: { subjectId: string }) {
  const { document: found } = useDocument<LivesDocument>(
    `lives ${subjectId}`,
    () => `subjects/${encodeURIComponent(subjectId)}/lives`,
    everyMs,
  );
  const lives = found?.lives ?? [];
  return (
    <section aria-labelledby="lives" class="panel">
      <div class="panel-head">
        <h2 id="lives" tabIndex={-1}>
          Life by life
        </h2>
      </div>
      {lives.length < 2 ? (
        <p class="small">
          {found === null
            ? 'Looking for earlier lives …'
            : 'One life is known so far, and the chart above shows it. After a restart the next one is laid over it here.'}
        </p>
      ) : (
        <>
          <p class="in-words">{unbroken(livesInWords(lives))}</p>
          <Picture lives={lives} />
          <LivesTable lives={lives} />
        </>
      )}
    </section>
  );
}

function Picture({ lives }: { lives: readonly Life[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const plot = {
    left: margin.left,
    top: margin.top,
    width: Math.max(1, width - margin.left - margin.right),
    height: height - margin.top - margin.bottom,
  };
  const { lines, ages, levels } = livesPicture(lives, plot);
  return (
    <div class="lives-picture" ref={frame} role="img" aria-label={livesInWords(lives)}>
      {width > 0 && (
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
          {levels.map(({ y, bytes }) => (
            <g key={bytes}>
              <path class="lives-grid" d={`M${plot.left} ${y}H${plot.left + plot.width}`} />
              <text x={plot.left - 8} y={y + 4} class="lives-level">
                {bytes === 0 ? '0' : formatBytes(bytes)}
              </text>
            </g>
          ))}
          {ages.map(({ x, ageMs }) => (
            <text x={x} y={height - 8} class="lives-age" key={ageMs}>
              {ageMs === 0 ? 'start' : formatDuration(ageMs)}
            </text>
          ))}
          {lines.map(({ life, path, isNow }) => (
            <path class={isNow ? 'life life-now' : 'life'} d={path} key={life.started} />
          ))}
          {lines.map(({ life, endX, endY, isNow }) => (
            <g key={life.started}>
              <circle class={isNow ? 'life-end life-end-now' : 'life-end'} cx={endX} cy={endY} r={isNow ? 4 : 3} />
              {isNow && (
                <text class="life-label" x={endX + 9} y={endY + 4}>
                  this one
                </text>
              )}
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}

function livesInWords(lives: readonly Life[]): string {
  const now = lives.find(({ ended }) => ended === null);
  const before = lives.filter((life) => life !== now).flatMap((life) => lifeInNumbers(life) ?? []);
  const rates = before.flatMap(({ perHour }) => perHour ?? []);
  const parts = [`${lives.length} lives, each drawn from its own start.`];
  if (rates.length > 0) {
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    const said = [...new Set([formatRate(low, 'bytes'), formatRate(high, 'bytes')])].join(' to ');
    parts.push(`Those before grew by ${said}.`);
  }
  const own = now === undefined ? null : lifeInNumbers(now);
  if (own?.perHour != null) parts.push(`This one grows by ${formatRate(own.perHour, 'bytes')}, for ${formatDuration(own.ranMs)} so far.`);
  return parts.join(' ');
}

function LivesTable({ lives }: { lives: readonly Life[] }) {
  return (
    <details class="numbers">
      <summary>Numbers behind this picture</summary>
      <table>
        <caption class="sr-only">Lives of this workload, the latest first</caption>
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col" class="num">
              Lasted
            </th>
            <th scope="col" class="num from-tablet">
              At first
            </th>
            <th scope="col" class="num">
              In the end
            </th>
            <th scope="col" class="num from-tablet">
              An hour
            </th>
          </tr>
        </thead>
        <tbody>
          {lives.toReversed().map((life) => {
            const numbers = lifeInNumbers(life);
            return (
              <tr key={life.started}>
                <th scope="row">
                  <Moment at={life.started} />
                </th>
                <td class="num">
                  {numbers === null ? '–' : formatDuration(numbers.ranMs)}
                  {life.ended === null && ' so far'}
                </td>
                <td class="num from-tablet">{numbers === null ? '–' : formatBytes(numbers.firstBytes)}</td>
                <td class="num">{numbers === null ? '–' : formatBytes(numbers.lastBytes)}</td>
                <td class="num from-tablet">{numbers?.perHour == null ? '–' : formatRate(numbers.perHour, 'bytes')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}
