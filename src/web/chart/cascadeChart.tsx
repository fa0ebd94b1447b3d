/**
 * The pictures of the cascade, one below the other on one axis of time, with one line across all of them that follows the pointer or the
 * arrow keys. A screen reader hears the moment in words; the table below has the numbers, the list beside it what happened.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatClockSeconds, formatMoment } from '../words/format.ts';
import { markWord } from '../words/incidentWords.ts';
import { stageWord } from '../words/stageWords.ts';
import {
  type Cascade,
  type CascadeLine,
  type CascadeMark,
  heightOf,
  type MarkKind,
  momentInWords,
  nearestIndex,
  type Panel,
} from './cascade.ts';
import { gapOf, lastKnown } from './chartModel.ts';
import { TimeAxis } from './timeAxis.tsx';

const heights: Record<string, number> = { Memory: 104, 'Services answer in': 84 };
const usualHeight = 60;
const laneHeight = 26;
const stageHeight = 22;
/** Pixels. A mark this near to the pointer is meant. */
const nearMark = 9;
/** Below that a word does not fit into its piece of the ribbon. */
const pixelsPerLetter = 7.5;

interface Props {
  cascade: Cascade;
  nowMs: number;
  /** The moment that is looked at; null: the latest. */
  cursorMs: number | null;
  onCursor: (timeMs: number | null) => void;
}

export function CascadeChart({ cascade, nowMs, cursorMs, onCursor }: Props) {
  const plot = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const element = plot.current;
    if (element === null) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { timeMs, panels, marks } = cascade;
  const x = scaleOf(cascade, width);
  const index = cursorMs === null ? -1 : nearestIndex(timeMs, cursorMs);
  return (
    <div class="cc">
      <Readout cascade={cascade} index={index} cursorMs={cursorMs} nowMs={nowMs} near={markNear(marks, x, cursorMs)} />
      <div class="cc-rows">
        <div class="cc-label cc-label-stage">Stage</div>
        <Ribbon cascade={cascade} x={x} width={width} />
        <div class="cc-label">What happened</div>
        <Lane marks={marks} x={x} width={width} />
        {panels.map((panel) => (
          <PanelRow
            key={panel.title}
            panel={panel}
            cascade={cascade}
            index={index}
            width={width}
            height={heights[panel.title] ?? usualHeight}
          />
        ))}
        <div class="cc-label cc-label-axis" aria-hidden="true" />
        <TimeAxis fromMs={cascade.fromMs} toMs={cascade.toMs} x={x} width={width} />
        <Cursor plot={plot} cascade={cascade} index={index} x={x} width={width} nowMs={nowMs} onCursor={onCursor} />
      </div>
    </div>
  );
}

type Scale = (timeMs: number) => number;

function scaleOf({ fromMs, toMs }: Cascade, width: number): Scale {
  return (timeMs) => ((timeMs - fromMs) / Math.max(1, toMs - fromMs)) * width;
}

function markNear(marks: readonly CascadeMark[], x: Scale, cursorMs: number | null): CascadeMark | null {
  if (cursorMs === null) return null;
  const away = (mark: CascadeMark) => Math.abs(x(mark.timeMs) - x(cursorMs));
  const nearest = [...marks].sort((one, other) => away(one) - away(other))[0];
  return nearest !== undefined && away(nearest) <= nearMark ? nearest : null;
}

interface ReadoutProps {
  cascade: Cascade;
  index: number;
  cursorMs: number | null;
  nowMs: number;
  near: CascadeMark | null;
}

/** What everybody else hears from the slider. */
function Readout({ cascade, index, cursorMs, nowMs, near }: ReadoutProps) {
  const moment = near?.timeMs ?? cascade.timeMs[index];
  const stage = cascade.stages.find(({ fromMs, toMs }) => moment !== undefined && moment >= fromMs && moment < toMs)?.stage;
  return (
    <p class="cc-readout" aria-hidden="true">
      {cursorMs === null || moment === undefined ? (
        <span class="small">Latest values. Point at a moment, or use the arrow keys.</span>
      ) : (
        <>
          <b>{momentText(moment, nowMs)}</b> {near === null ? stage !== undefined && stageWord(stage).text : near.text}
        </>
      )}
    </p>
  );
}

function momentText(timeMs: number, nowMs: number): string {
  const day = formatMoment(timeMs, nowMs).replace(/,? ?\d\d:\d\d$/, '');
  return `${day === '' ? '' : `${day} `}${formatClockSeconds(timeMs)}`;
}

function Ribbon({ cascade, x, width }: { cascade: Cascade; x: Scale; width: number }) {
  return (
    <svg class="cc-ribbon" width={width} height={stageHeight} role="img" aria-label={ribbonInWords(cascade)}>
      {cascade.stages.map(({ stage, fromMs, toMs }) => {
        const { name } = stageWord(stage);
        const [left, right] = [Math.max(0, x(fromMs)), x(toMs)];
        return (
          <g key={fromMs} class={`cc-stage cc-stage-${stage}`}>
            <rect x={left} y={0} width={Math.max(1, right - left)} height={stageHeight} />
            {right - left > name.length * pixelsPerLetter + 12 && (
              <text x={left + 6} y={stageHeight - 7}>
                {name}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

function ribbonInWords({ stages }: Cascade): string {
  if (stages.length === 0) return 'The stage of the server was not recorded.';
  return `Stages: ${stages.map(({ stage, fromMs }) => `${stageWord(stage).name} from ${formatClockSeconds(fromMs)}`).join(', ')}`;
}

/** Each kind has a shape of its own, for whoever cannot tell the colours. */
const shapes: Record<MarkKind, string> = {
  kill: 'M-5-5 5 5M5-5-5 5',
  action: 'M-4-5.5 5.5 0-4 5.5z',
  finding: 'M0-6 6 0 0 6-6 0z',
  stage: 'M-5 4 0-5 5 4z',
  probe: 'M-5-4 0 5 5-4z',
  evidence: 'M-4.5-4.5H4.5V4.5H-4.5z',
  change: 'M-5 0H5M0-5V5',
};

export function MarkShape({ kind, severity }: Pick<CascadeMark, 'kind' | 'severity'>) {
  return <path class={`cc-mark cc-mark-${kind} cc-mark-${severity}`} d={shapes[kind]} />;
}

function Lane({ marks, x, width }: { marks: readonly CascadeMark[]; x: Scale; width: number }) {
  const counts = new Map<string, number>();
  for (const { kind } of marks) counts.set(markWord(kind), (counts.get(markWord(kind)) ?? 0) + 1);
  const label = [...counts].map(([word, count]) => `${count} × ${word}`).join(', ');
  return (
    <svg class="cc-lane" width={width} height={laneHeight} role="img" aria-label={label === '' ? 'Nothing happened in this time' : label}>
      {marks.map((mark) => (
        <g
          key={`${mark.timeMs} ${mark.text}`}
          transform={`translate(${Math.min(width - 7, Math.max(7, x(mark.timeMs)))} ${laneHeight / 2})`}
        >
          <MarkShape {...mark} />
        </g>
      ))}
    </svg>
  );
}

interface PanelProps {
  panel: Panel;
  cascade: Cascade;
  index: number;
  width: number;
  height: number;
}

function PanelRow({ panel, cascade, index, width, height }: PanelProps) {
  const { title, ticks } = panel;
  const x = scaleOf(cascade, width);
  const y = (value: number) => Math.round((height - heightOf(panel, value) * (height - 2)) * 2) / 2;
  const paths = useMemo(() => panel.lines.map((line) => pathOf(line, cascade.timeMs, x, y, height)), [panel, cascade, width, height]);
  return (
    <>
      <div class="cc-label">
        <span class="cc-title">{title}</span>
        <ul>
          {panel.lines.map((line) => (
            <li key={line.label} class={`cc-${line.tone}`}>
              <svg viewBox="0 0 14 10" aria-hidden="true">
                {line.isArea ? <rect width="14" height="10" rx="2" /> : <path d="M0 5H14" />}
              </svg>
              <bdi>{line.label}</bdi> <b>{valueText(panel, line, index)}</b>
            </li>
          ))}
        </ul>
      </div>
      <svg class="cc-panel" width={width} height={height} role="img" aria-label={panelInWords(panel)}>
        {ticks.map(({ value }) => (
          <path key={value} class="cc-tick" d={`M0 ${y(value)}H${width}`} />
        ))}
        {paths.map(({ area, line }, place) => (
          <g key={panel.lines[place]?.label} class={`cc-line cc-${panel.lines[place]?.tone}`}>
            {area !== '' && <path class="cc-area" d={area} />}
            <path class="cc-edge" d={line} />
          </g>
        ))}
        {cascade.marks
          .filter(({ kind }) => kind === 'kill' || kind === 'action')
          .map(({ timeMs, kind, text }) => (
            <path key={`${timeMs} ${text}`} class={`cc-across cc-across-${kind}`} d={`M${Math.round(x(timeMs)) + 0.5} 0V${height}`} />
          ))}
        {ticks.map(({ value, label }) => (
          <text key={value} class="cc-tick-label" x={4} y={y(value) < 10 ? y(value) + 12 : y(value) - 4}>
            {label}
          </text>
        ))}
      </svg>
    </>
  );
}

function valueText({ format }: Panel, { values }: CascadeLine, index: number): string {
  const value = values[index < 0 ? lastKnown(values) : index];
  return value === undefined || value === null ? '–' : format(value);
}

function panelInWords({ title, lines, format }: Panel): string {
  const said = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const last = known.at(-1);
    if (last === undefined) return `${label} not known`;
    return `${label} from ${format(Math.min(...known))} to ${format(Math.max(...known))}, ${format(last)} at the end`;
  });
  return `${title}: ${said.join('; ')}`;
}

/** Broken where nothing was recorded. A point between two gaps is a short line, that it may be seen. */
function pathOf({ values, isArea }: CascadeLine, timeMs: readonly number[], x: Scale, y: (value: number) => number, height: number) {
  const gapMs = gapOf(timeMs, 0);
  let [line, area] = ['', ''];
  let runFrom = 0;
  let lastX = Number.NaN;
  let lastMs = Number.NEGATIVE_INFINITY;
  const endRun = () => {
    if (isArea && !Number.isNaN(lastX)) area += `V${height}H${runFrom}z`;
    if (!Number.isNaN(lastX) && lastX === runFrom) line += 'h1.5';
    lastX = Number.NaN;
  };
  values.forEach((value, index) => {
    const moment = timeMs[index] ?? 0;
    if (value === null) return;
    const at = Math.round(x(moment) * 10) / 10;
    if (Number.isNaN(lastX) || moment - lastMs > gapMs) {
      endRun();
      runFrom = at;
      line += `M${at} ${y(value)}`;
      area += isArea ? `M${at} ${height}V${y(value)}` : '';
    } else {
      line += `L${at} ${y(value)}`;
      area += isArea ? `L${at} ${y(value)}` : '';
    }
    [lastX, lastMs] = [at, moment];
  });
  endRun();
  return { line, area };
}

interface CursorProps {
  plot: { current: HTMLDivElement | null };
  cascade: Cascade;
  index: number;
  x: Scale;
  width: number;
  nowMs: number;
  onCursor: (timeMs: number | null) => void;
}

function Cursor({ plot, cascade, index, x, width, nowMs, onCursor }: CursorProps) {
  const { timeMs, fromMs, toMs } = cascade;
  const line = useRef<HTMLDivElement>(null);
  const moment = timeMs[index];
  // By the object model: the content-security policy allows no style in the markup.
  useEffect(() => {
    line.current?.style.setProperty('left', `${moment === undefined ? -1 : x(moment)}px`);
  }, [moment, width, fromMs, toMs]);
  const onPointer = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    if (box !== undefined) onCursor(fromMs + ((event.clientX - box.left) / Math.max(1, box.width)) * (toMs - fromMs));
  };
  return (
    <div
      class="cc-cursor"
      ref={plot}
      role="slider"
      tabIndex={0}
      aria-label="Moment on the axis of time. Arrow keys move it, Page Up and Page Down go to what happened before and after"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, timeMs.length - 1)}
      aria-valuenow={Math.max(0, index < 0 ? timeMs.length - 1 : index)}
      aria-valuetext={moment === undefined ? 'the latest values' : `${momentText(moment, nowMs)}: ${momentInWords(cascade, index)}`}
      onPointerMove={onPointer}
      onPointerDown={onPointer}
      onPointerLeave={(event) => event.pointerType === 'mouse' && document.activeElement !== event.currentTarget && onCursor(null)}
      onKeyDown={(event) => {
        const next = momentAfterKey(event, cascade, index);
        if (next === undefined) return;
        event.preventDefault();
        onCursor(next);
      }}
    >
      <div class={`cc-cursor-line ${moment === undefined ? 'cc-cursor-away' : ''}`} ref={line} />
    </div>
  );
}

/** undefined: the key is not ours; null: back to the latest. */
function momentAfterKey({ key, shiftKey }: KeyboardEvent, { timeMs, marks }: Cascade, index: number): number | null | undefined {
  const last = timeMs.length - 1;
  const from = index < 0 ? last : index;
  const step = shiftKey ? 20 : 1;
  const here = timeMs[from] ?? 0;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return timeMs[Math.max(0, from - step)];
    case 'ArrowRight':
    case 'ArrowUp':
      return timeMs[Math.min(last, from + step)];
    case 'Home':
      return timeMs[0];
    case 'End':
      return timeMs[last];
    case 'PageUp':
      return marks.findLast((mark) => nearestIndex(timeMs, mark.timeMs) < from)?.timeMs ?? here;
    case 'PageDown':
      return marks.find((mark) => nearestIndex(timeMs, mark.timeMs) > from)?.timeMs ?? here;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}
