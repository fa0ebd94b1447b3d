import type { Protocol } from './metrics.ts';
import type { Standing } from './report.ts';

const width = 960;
const height = 440;
/** Distinguishable also without colour: each detector has its number in the mark. */
const colours = ['#0b6e4f', '#c1440e', '#8a6d00', '#3b5ba5', '#7d3c98', '#a23b5e', '#4a6572', '#5d4037'];

interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The leaderboard as an SVG: precision over recall by both protocols, and how much of the way had gone when leaks were found. */
export function renderPicture(standings: readonly Standing[], title: string): string {
  const scatter = { left: 60, top: 60, width: 320, height: 320 };
  const bars = { left: 640, top: 60, width: 290, height: 320 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeXml(title)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(width / 2, 24, title, 'middle', 15),
    ...axes(scatter),
    ...standings.flatMap((standing, index) => [mark(scatter, standing, 'ever', index), mark(scatter, standing, 'final', index)]),
    ...legend(standings, scatter.left + scatter.width + 24, scatter.top + 10),
    ...timeBars(bars, standings),
    '</svg>\n',
  ].join('\n');
}

function axes(frame: Frame): string[] {
  const lines = [0, 0.25, 0.5, 0.75, 1].flatMap((value) => {
    const x = frame.left + value * frame.width;
    const y = frame.top + (1 - value) * frame.height;
    return [
      `<path d="M${x} ${frame.top}V${frame.top + frame.height}M${frame.left} ${y}H${frame.left + frame.width}" stroke="#dddddd"/>`,
      text(x, frame.top + frame.height + 16, String(value), 'middle'),
      text(frame.left - 8, y + 4, String(value), 'end'),
    ];
  });
  return [
    ...lines,
    text(frame.left + frame.width / 2, frame.top + frame.height + 34, 'recall', 'middle'),
    text(frame.left, frame.top - 10, 'precision', 'start'),
  ];
}

function mark(frame: Frame, standing: Standing, protocol: Protocol, index: number): string {
  const { precision, recall } = standing[protocol];
  if (!Number.isFinite(precision.value) || !Number.isFinite(recall.value)) return '';
  const x = frame.left + recall.value * frame.width;
  const y = frame.top + (1 - precision.value) * frame.height;
  const colour = colourOf(index);
  const filled = protocol === 'ever';
  return [
    `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="8" fill="${filled ? colour : '#ffffff'}" fill-opacity="0.9" stroke="${colour}" stroke-width="1.5"/>`,
    `<text x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" text-anchor="middle" font-size="11" fill="${filled ? '#ffffff' : colour}">${index + 1}</text>`,
  ].join('');
}

function legend(standings: readonly Standing[], x: number, y: number): string[] {
  const names = standings.map(({ detector }, index) => text(x, y + index * 20, `${index + 1}  ${detector}`, 'start', 12, colourOf(index)));
  const below = y + standings.length * 20 + 16;
  return [
    ...names,
    text(x, below, 'filled: any alarm at any time', 'start', 11),
    text(x, below + 16, 'hollow: verdict at the end', 'start', 11),
  ];
}

/** Share of the way from onset to exhaustion: the bar ends at the median, the line at the 90th percentile. */
function timeBars(frame: Frame, standings: readonly Standing[]): string[] {
  const step = frame.height / Math.max(1, standings.length);
  const ticks = [0, 0.5, 1].flatMap((value) => {
    const x = frame.left + value * frame.width;
    return [
      `<path d="M${x} ${frame.top}V${frame.top + frame.height}" stroke="#dddddd"/>`,
      text(x, frame.top + frame.height + 16, String(value), 'middle'),
    ];
  });
  const bars = standings.flatMap(({ timeToDetect: { median, p90 } }, index) => {
    const y = frame.top + (index + 0.5) * step;
    const label = text(frame.left - 8, y + 4, String(index + 1), 'end', 12, colourOf(index));
    if (!Number.isFinite(median)) return [label];
    const end = (share: number) => (frame.left + Math.min(1, share) * frame.width).toFixed(1);
    return [
      label,
      `<path d="M${frame.left} ${y}H${end(p90)}" stroke="${colourOf(index)}" stroke-width="2"/>`,
      `<path d="M${frame.left} ${y}H${end(median)}" stroke="${colourOf(index)}" stroke-width="12"/>`,
    ];
  });
  const caption = text(frame.left + frame.width / 2, frame.top + frame.height + 34, 'share of the way to exhaustion', 'middle');
  return [text(frame.left, frame.top - 10, 'found after (median, line to the 90th percentile)', 'start'), ...ticks, ...bars, caption];
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? '#000000';
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', size = 12, fill = '#222222'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${fill}">${escapeXml(content)}</text>`;
}

function escapeXml(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
