/**
 * A chart over time on uPlot's canvas, with its key as text above it. The canvas says nothing to a screen reader:
 * whoever places a chart gives it a sentence (`summary`), and `numbers.tsx` puts the same data into a table.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { scheme } from '../theme.ts';
import { formatAmount, formatMoment, formatTick, formatTickAmount } from '../words/format.ts';
import { type ChartModel, type Layer, lastKnown, type Tone } from './chartModel.ts';

interface Palette {
  tones: Record<Tone, string>;
  fills: Record<Tone, string>;
  axis: string;
  grid: string;
  wall: string;
  paper: string;
  font: string;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    tones: {
      ink: read('ink'),
      quiet: read('ink-3'),
      accent: read('accent'),
      water1: read('water-1-edge'),
      water2: read('water-2-edge'),
      water3: read('water-3-edge'),
      other1: read('other-1-edge'),
      other2: read('other-2-edge'),
      other3: read('other-3-edge'),
    },
    fills: {
      ink: read('band'),
      quiet: read('band'),
      accent: read('accent-band'),
      water1: read('water-1'),
      water2: read('water-2'),
      water3: read('water-3'),
      other1: read('other-1'),
      other2: read('other-2'),
      other3: read('other-3'),
    },
    axis: read('ink-2'),
    grid: read('grid'),
    wall: read('ink'),
    paper: read('surface'),
    font: `12px ${read('font')}`,
  };
}

const binaryIncrements = Array.from({ length: 51 }, (_, power) => 2 ** power);
const countIncrements = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7];
const percentIncrements = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const minute = 60_000;
const timeIncrements = [1, 5, 10, 15, 30]
  .map((seconds) => seconds * 1000)
  .concat([1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute))
  .concat([1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 8760].map((hours) => hours * 60 * minute));

interface Props {
  model: ChartModel;
  summary: string;
  height: number;
  /** Charts of the same group show the same moment. */
  group?: string;
}

export function TimeChart({ model, summary, height, group }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(model);
  const drawn = useRef<ChartModel | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  shown.current = model;
  // A new shape needs a new plot; new numbers do not.
  const shape = JSON.stringify([scheme.value, height, model.unit, model.layers.map(({ tone, line, fillTo }) => [tone, line, fillTo])]);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const chart = new uPlot(
      options(shown, { width: element.clientWidth, height, group }, readPalette(), setCursor),
      dataOf(shown.current),
      element,
    );
    plot.current = chart;
    drawn.current = shown.current;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    if (drawn.current !== model) plot.current?.setData(dataOf(model));
    drawn.current = model;
  }, [model]);

  return (
    <div class="chart">
      <ChartKey model={model} index={cursor} />
      <div class="chart-canvas" ref={frame} role="img" aria-label={summary} />
    </div>
  );
}

function ChartKey({ model, index }: { model: ChartModel; index: number | null }) {
  const moment = index === null ? undefined : model.timeMs[index];
  return (
    <div class="chart-key">
      <ul>
        {model.layers
          .filter((layer) => layer.inKey)
          .map((layer) => (
            <li key={layer.label}>
              <svg
                class={`swatch tone-${layer.tone} line-${layer.fillTo === null ? layer.line : 'area'}`}
                viewBox="0 0 14 10"
                aria-hidden="true"
              >
                {layer.fillTo === null ? <path d="M0 5H14" /> : <rect width="14" height="10" rx="2" />}
              </svg>
              <bdi>{layer.label}</bdi> <b>{keyValue(model, layer, index)}</b>
            </li>
          ))}
      </ul>
      <p class="chart-moment">{moment === undefined ? 'latest values' : formatMoment(moment, model.nowMs)}</p>
    </div>
  );
}

function keyValue(model: ChartModel, layer: Layer, index: number | null): string {
  const last = lastKnown(layer.told);
  const value = layer.told[index ?? last];
  if (value === undefined || value === null) return '–';
  const lastMs = model.timeMs[last] ?? 0;
  const isAhead = index === null && lastMs > model.nowMs + 1000;
  return `${formatAmount(value, model.unit)}${isAhead ? ` by ${formatMoment(lastMs, model.nowMs)}` : ''}`;
}

function dataOf(model: ChartModel): uPlot.AlignedData {
  return [model.timeMs, ...model.layers.map((layer) => layer.drawn)];
}

const dashes: Record<Layer['line'], number[]> = { solid: [], thin: [], none: [], dashed: [6, 5] };
const widths: Record<Layer['line'], number> = { solid: 2, thin: 1, none: 0, dashed: 2 };

function options(
  shown: { current: ChartModel },
  { width, height, group }: { width: number; height: number; group: string | undefined },
  palette: Palette,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const { unit, layers } = shown.current;
  const fills = (layer: Layer) => palette.fills[layer.tone];
  const axis: uPlot.Axis = {
    stroke: palette.axis,
    font: palette.font,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    ms: 1,
    padding: [14, 24, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false }, ...(group === undefined ? {} : { sync: { key: group } }) },
    scales: {
      x: { time: true, range: () => [shown.current.fromMs, shown.current.toMs] },
      y: { range: () => [0, topOf(shown.current)] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        incrs: timeIncrements,
        space: 72,
        values: (_self, splits, _axis, _space, step) => splits.map((moment) => formatTick(moment, step)),
      },
      {
        ...axis,
        size: 68,
        space: Math.min(44, height / 4),
        incrs: unit === 'bytes' ? binaryIncrements : unit === 'cores' ? [...percentIncrements, ...countIncrements] : countIncrements,
        values: (_self, splits) => splits.map((value) => formatTickAmount(value, unit)),
      },
    ],
    series: [
      {},
      ...layers.map(
        (layer): uPlot.Series => ({
          width: widths[layer.line],
          stroke: palette.tones[layer.tone],
          dash: dashes[layer.line],
          ...(layer.fillTo === 'zero' ? { fill: fills(layer) } : {}),
          points: { show: false },
        }),
      ),
    ],
    bands: layers.flatMap((layer, index): uPlot.Band[] =>
      typeof layer.fillTo === 'number' ? [{ series: [index + 1, layer.fillTo + 1], fill: fills(layer) }] : [],
    ),
    hooks: {
      draw: [(chart) => drawFurniture(chart, shown.current, palette)],
      setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)],
    },
  };
}

/** A wall further above the data than this would press it flat: it is named at the upper edge instead. */
const nearWall = 4;
/** So that hardly any work does not look like much. */
const leastCores = 0.05;

/** Room for all values and for the walls that are near. */
function topOf(model: ChartModel): number {
  let highest = model.unit === 'cores' ? leastCores : 1;
  for (const layer of model.layers) for (const value of layer.drawn) if (value !== null && value > highest) highest = value;
  const nearWalls = model.levels.map(({ value }) => value).filter((value) => value <= highest * nearWall);
  return Math.max(highest, ...nearWalls) * 1.08;
}

/** Walls, restarts and the line between what was and what may come. */
function drawFurniture(chart: uPlot, model: ChartModel, palette: Palette): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = palette.font.replace('12px', `${12 * ratio}px`);
  ctx.lineWidth = ratio;
  const above: string[] = [];
  for (const level of model.levels) {
    const y = Math.round(chart.valToPos(level.value, 'y', true));
    if (y < bbox.top) {
      above.push(level.label);
      continue;
    }
    stroke(ctx, palette.wall, [], bbox.left, y, bbox.left + bbox.width, y);
    write(ctx, palette, level.label, bbox.left + 6 * ratio, y - 5 * ratio, 'left');
  }
  if (above.length > 0) write(ctx, palette, `↑ ${above.join(' · ')}`, bbox.left + 6 * ratio, bbox.top + 12 * ratio, 'left');
  const markedUpTo = { x: Number.NEGATIVE_INFINITY };
  for (const mark of model.marks) {
    const x = Math.round(chart.valToPos(mark.timeMs, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    stroke(ctx, palette.axis, [2 * ratio, 3 * ratio], x, bbox.top, x, bbox.top + bbox.height);
    if (x < markedUpTo.x) continue;
    const textWidth = ctx.measureText(mark.label).width + 8 * ratio;
    const fits = x + textWidth <= bbox.left + bbox.width;
    write(ctx, palette, mark.label, x + (fits ? 4 : -4) * ratio, bbox.top + bbox.height - 6 * ratio, fits ? 'left' : 'right');
    markedUpTo.x = x + textWidth;
  }
  if (model.toMs > model.nowMs) {
    const x = Math.round(chart.valToPos(model.nowMs, 'x', true));
    stroke(ctx, palette.axis, [], x, bbox.top, x, bbox.top + bbox.height);
    write(ctx, palette, 'now', x - 4 * ratio, bbox.top + bbox.height - 6 * ratio, 'right');
  }
  ctx.restore();
}

function stroke(ctx: CanvasRenderingContext2D, color: string, dash: number[], x1: number, y1: number, x2: number, y2: number): void {
  ctx.strokeStyle = color;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function write(ctx: CanvasRenderingContext2D, palette: Palette, text: string, x: number, y: number, align: CanvasTextAlign): void {
  ctx.textAlign = align;
  ctx.textBaseline = 'alphabetic';
  ctx.lineJoin = 'round';
  ctx.setLineDash([]);
  ctx.strokeStyle = palette.paper;
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = palette.wall;
  ctx.fillText(text, x, y);
  ctx.lineWidth = devicePixelRatio;
}
