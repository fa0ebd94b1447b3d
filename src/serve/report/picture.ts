/** A series as an SVG of its own: floor and highest value, trend, forecast with its interval, the wall. Pure. */
import { formatBytes } from '../../model/units.ts';
import type { ReportDocument } from '../schema.ts';
import { escapeXml } from './escapeXml.ts';

type Series = NonNullable<ReportDocument['series']>;

const width = 760;
const height = 260;
const frame = { left: 80, top: 16, right: 744, bottom: 220 };

export function seriesPicture(series: Series, title: string): string {
  const { timeMs, floor, max, forecast, restartsMs } = series;
  const [fromMs, lastMs] = [timeMs[0], timeMs.at(-1)];
  if (fromMs === undefined || lastMs === undefined || known(floor).length === 0) return '';
  const ahead = forecastWithin(forecast, lastMs, lastMs + (lastMs - fromMs) / 3);
  const toMs = Math.max(lastMs, ...ahead.map((point) => point.timeMs)) || lastMs;
  const top = Math.max(1, ...known(max), ...known(floor), ...ahead.map(({ mid }) => mid)) * 1.08;
  const x = (ms: number) => round(frame.left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (frame.right - frame.left));
  const y = (value: number) => round(frame.bottom - (Math.min(Math.max(0, value), top) / top) * (frame.bottom - frame.top));
  const line = (values: readonly (number | null)[]) =>
    pathOf(values.map((value, index) => (value === null ? null : [x(timeMs[index] ?? 0), y(value)])));
  const band = [
    ...ahead.map(({ timeMs: ms, high }) => [x(ms), y(high)]),
    ...ahead.toReversed().map(({ timeMs: ms, low }) => [x(ms), y(low)]),
  ];
  const amount = (value: number) => (series.unit === 'bytes' ? formatBytes(value) : String(Math.round(value)));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeXml(title)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...[0, 0.5, 1].map((part) => {
      const at = y(top * part);
      return `<path d="M${frame.left} ${at}H${frame.right}" stroke="#e5e7eb"/><text x="${frame.left - 8}" y="${at + 4}" text-anchor="end" fill="#374151">${escapeXml(amount(top * part))}</text>`;
    }),
    ...[fromMs, (fromMs + toMs) / 2, toMs].map(
      (ms, index) =>
        `<text x="${x(ms)}" y="${frame.bottom + 20}" text-anchor="${['start', 'middle', 'end'][index]}" fill="#374151">${momentText(ms)}</text>`,
    ),
    band.length > 2 ? `<path d="M${band.map((point) => point.join(' ')).join('L')}Z" fill="#dc2626" fill-opacity="0.15"/>` : '',
    `<path d="${line(max)}" fill="none" stroke="#9ca3af"/>`,
    `<path d="${line(floor)}" fill="none" stroke="#1d4ed8" stroke-width="2"/>`,
    `<path d="${pathOf(ahead.map(({ timeMs: ms, mid }) => [x(ms), y(mid)]))}" fill="none" stroke="#dc2626" stroke-width="2" stroke-dasharray="6 4"/>`,
    series.limit !== null && series.limit <= top
      ? `<path d="M${frame.left} ${y(series.limit)}H${frame.right}" stroke="#111827" stroke-dasharray="2 3"/>`
      : '',
    ...restartsMs
      .filter((ms) => ms > fromMs)
      .map((ms) => `<path d="M${x(ms)} ${frame.top}V${frame.bottom}" stroke="#d97706" stroke-dasharray="2 2"/>`),
    `<text x="${frame.left}" y="${height - 6}" fill="#374151">blue: floor; grey: highest; red: forecast with its interval; orange: restart</text>`,
    '</svg>',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function forecastWithin(
  forecast: Series['forecast'],
  fromMs: number,
  toMs: number,
): { timeMs: number; low: number; mid: number; high: number }[] {
  if (forecast === null) return [];
  return forecast.timeMs
    .map((timeMs, index) => ({ timeMs, low: forecast.low[index] ?? 0, mid: forecast.mid[index] ?? 0, high: forecast.high[index] ?? 0 }))
    .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
}

/** A gap is a gap. */
function pathOf(points: readonly (readonly number[] | null)[]): string {
  let path = '';
  let isDrawing = false;
  for (const point of points) {
    if (point !== null) path += `${isDrawing ? 'L' : 'M'}${point.join(' ')}`;
    isDrawing = point !== null;
  }
  return path;
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function momentText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
