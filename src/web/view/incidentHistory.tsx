/** When incidents were open: a row for each cause, a bar for each time. What comes back every night is seen at once. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type IncidentBar, incidentBars } from '../chart/incidentBars.ts';
import { TimeAxis } from '../chart/timeAxis.tsx';
import { incidentHref } from '../route.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { IncidentRow } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';

const spans = { '24 h': 86_400_000, '7 d': 604_800_000, '30 d': 2_592_000_000, '180 d': 15_552_000_000 } as const;
type Span = keyof typeof spans;
const spanNames = Object.keys(spans).filter((name): name is Span => name in spans);
/** Pixels: a short one is seen, too. */
const leastWidth = 5;

/** Not on the way of the Tab key: the lists have the same links. */
function BarLink({ bar, left, right }: { bar: IncidentBar; left: number; right: number }) {
  const style = { left: `${left}px`, width: `${Math.max(leastWidth, right - left)}px` };
  const said = `${inert(bar.title)}, ${bar.isOpen ? 'open' : 'over'}`;
  return (
    <a class={`bar bar-${bar.severity}`} href={incidentHref(bar.id)} style={style} tabIndex={-1} title={said}>
      <span class="sr-only">{said}</span>
    </a>
  );
}

export function IncidentHistory({ incidents }: { incidents: readonly IncidentRow[] }) {
  const [span, setSpan] = useState<Span>('30 d');
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
  const toMs = daemonNowMs();
  const fromMs = toMs - spans[span];
  const { rows, more } = incidentBars(incidents, fromMs, toMs);
  const x = (timeMs: number) => ((timeMs - fromMs) / (toMs - fromMs)) * width;
  return (
    <section aria-labelledby="incident-history" class="panel">
      <div class="panel-head">
        <h2 id="incident-history">When something was wrong</h2>
        <fieldset class="switch">
          <legend class="sr-only">How far back</legend>
          {spanNames.map((name) => (
            <button type="button" key={name} aria-pressed={name === span} onClick={() => setSpan(name)}>
              {name}
            </button>
          ))}
        </fieldset>
      </div>
      {rows.length === 0 && <p class="small">Nothing in this time.</p>}
      <div class="bars">
        {rows.map(({ name, bars }) => (
          <div class="bars-row" key={name}>
            <p class="bars-name">
              <bdi title={inert(name)}>{inert(name)}</bdi>
            </p>
            <div class="bars-line">
              {bars.map((bar) => (
                <BarLink key={bar.id} bar={bar} left={Math.min(width - leastWidth, Math.max(0, x(bar.fromMs)))} right={x(bar.toMs)} />
              ))}
            </div>
          </div>
        ))}
        <div class="bars-row bars-axis">
          <p class="bars-name" />
          <div ref={plot}>
            <TimeAxis fromMs={fromMs} toMs={toMs} x={x} width={width} />
          </div>
        </div>
      </div>
      {more > 0 && <p class="small">{more} more causes are in the list below.</p>}
    </section>
  );
}
