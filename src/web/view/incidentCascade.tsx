/** What happened to the server meanwhile: the pictures on one axis, and the list of events that move the line across them. */
import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Cascade, cascadeOf } from '../chart/cascade.ts';
import { CascadeChart, MarkShape } from '../chart/cascadeChart.tsx';
import { CascadeNumbers } from '../chart/cascadeNumbers.tsx';
import { replaceQuery } from '../route.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { HostHistoryDocument, IncidentDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatMoment, localMoments } from '../words/format.ts';
import { isOpen, markWord } from '../words/incidentWords.ts';
import { inert } from '../words/inert.ts';

const points = 400;
/** Reading days costs the daemon a tenth of a second: asked anew when there is a point more to be seen, within these bounds. */
const soonestMs = 4000;
const latestMs = 60_000;
const spans = { '15min': 900_000, '1h': 3_600_000, '6h': 21_600_000, all: Number.POSITIVE_INFINITY } as const;
const spanLabels = { '15min': '15 min', '1h': '1 h', '6h': '6 h', all: 'All of it' } as const;
type Span = keyof typeof spans;
const spanNames = Object.keys(spans).filter((name): name is Span => name in spans);
/** So much before and after, at least, is shown. */
const marginMs = 300_000;

interface Props {
  found: IncidentDocument;
  query: URLSearchParams;
  /** Beside the list of what happened. */
  children: ComponentChildren;
}

export function IncidentCascade({ found, query, children }: Props) {
  const { incident, timeline } = found;
  const [cursorMs, setCursorMs] = useState<number | null>(null);
  const pictures = useRef<HTMLDivElement>(null);
  const whole = wholeRange(found);
  const usual = usualSpan(found, whole.toMs);
  const span = spanNames.find((name) => name === query.get('span')) ?? usual;
  const range = { fromMs: Math.max(whole.fromMs, whole.toMs - spans[span]), toMs: whole.toMs };
  const path = `host/history?from=${Math.round(range.fromMs)}&to=${Math.round(range.toMs)}&points=${points}${incident.subjectId === null ? '' : `&subject=${encodeURIComponent(incident.subjectId)}`}`;
  const refreshMs = isOpen(incident) ? Math.min(latestMs, Math.max(soonestMs, (range.toMs - range.fromMs) / points)) : latestMs;
  const { document: history, problem } = useDocument<HostHistoryDocument>(`host of ${incident.id}?${span}`, () => path, refreshMs);
  const cascade = useMemo(
    () =>
      history === null
        ? null
        : cascadeOf(history, { ...range, culprit: incident.subjectId === null ? null : incident.subjectName, timeline }),
    [history, timeline.length],
  );
  const goTo = (timeMs: number) => {
    setCursorMs(timeMs);
    pictures.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  };
  return (
    <>
      <section aria-labelledby="cascade" class="panel">
        <div class="panel-head">
          <h2 id="cascade">What it did to the server</h2>
          <fieldset class="switch">
            <legend class="sr-only">How much of the time before the end is shown</legend>
            {spanNames.map((name) => (
              <button
                type="button"
                key={name}
                aria-pressed={name === span}
                onClick={() => replaceQuery({ span: name === usual ? '' : name })}
              >
                {spanLabels[name]}
              </button>
            ))}
          </fieldset>
        </div>
        <div ref={pictures}>
          <Pictures cascade={cascade} refused={problem?.kind === 'refused'} cursorMs={cursorMs} onCursor={setCursorMs} />
        </div>
      </section>
      <div class="beside">
        <Timeline found={found} shown={cascade} onGoTo={goTo} />
        <div>{children}</div>
      </div>
    </>
  );
}

/** As much as there is trouble to be seen in it: a leak of days ends in minutes. */
function usualSpan({ timeline }: IncidentDocument, toMs: number): Span {
  const trouble = timeline.find(({ kind, severity }) => (kind === 'stage' || kind === 'kill') && severity !== 'info');
  const troubledMs = trouble === undefined ? Number.POSITIVE_INFINITY : toMs - Date.parse(trouble.time);
  return spanNames.find((name) => spans[name] >= troubledMs * 1.05) ?? 'all';
}

/** From before it began until it was over, or now. */
function wholeRange({ incident, verdict, timeline }: IncidentDocument): { fromMs: number; toMs: number } {
  const beganMs = Math.min(...[incident.opened, verdict?.onset ?? incident.opened, timeline[0]?.time ?? incident.opened].map(Date.parse));
  const endedMs = isOpen(incident) ? daemonNowMs() : Math.min(daemonNowMs(), Date.parse(incident.stateSince) + marginMs);
  return { fromMs: beganMs - Math.max(marginMs, (endedMs - beganMs) / 10), toMs: endedMs };
}

interface PicturesProps {
  cascade: Cascade | null;
  refused: boolean;
  cursorMs: number | null;
  onCursor: (timeMs: number | null) => void;
}

function Pictures({ cascade, refused, cursorMs, onCursor }: PicturesProps) {
  if (cascade === null)
    return (
      <p class="chart-empty">{refused ? 'The history could not be read. The list below has what happened.' : 'Loading the history …'}</p>
    );
  if (cascade.timeMs.length < 2)
    return (
      <p class="chart-empty">
        Nothing was recorded of this time, or it is too long ago and was let go. What happened is in the list below.
      </p>
    );
  return (
    <>
      <CascadeChart cascade={cascade} nowMs={daemonNowMs()} cursorMs={cursorMs} onCursor={onCursor} />
      {cascade.without.length > 0 && <p class="in-words">{cascade.without.join(' ')}</p>}
      <CascadeNumbers cascade={cascade} nowMs={daemonNowMs()} />
    </>
  );
}

interface TimelineProps {
  found: IncidentDocument;
  /** null: there is nothing to go to. */
  shown: Cascade | null;
  onGoTo: (timeMs: number) => void;
}

function Timeline({ found, shown, onGoTo }: TimelineProps) {
  const nowMs = daemonNowMs();
  const isShown = (timeMs: number) => shown !== null && shown.timeMs.length > 1 && timeMs >= shown.fromMs && timeMs <= shown.toMs;
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened</h2>
      <ol class="timeline">
        {found.timeline.map((event) => {
          const timeMs = Date.parse(event.time);
          const said = formatMoment(timeMs, nowMs);
          return (
            <li key={`${event.time} ${event.text}`} class={`event-${event.severity}`}>
              <svg viewBox="-8 -8 16 16" class="timeline-shape" aria-hidden="true">
                <MarkShape kind={event.kind} severity={event.severity} />
              </svg>
              <div>
                <p class="timeline-when">
                  {isShown(timeMs) ? (
                    <button type="button" class="link" title="Show it in the pictures" onClick={() => onGoTo(timeMs)}>
                      <time dateTime={event.time}>{said}</time>
                    </button>
                  ) : (
                    <time dateTime={event.time}>{said}</time>
                  )}{' '}
                  <span class="event-kind">{markWord(event.kind)}</span>
                </p>
                <p>{inert(localMoments(event.text, nowMs))}</p>
              </div>
            </li>
          );
        })}
      </ol>
      {found.droppedEvents > 0 && <p class="small">{found.droppedEvents} more in the middle were left out.</p>}
    </section>
  );
}
