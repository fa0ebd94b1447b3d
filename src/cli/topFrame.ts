/** One picture of the live view, line by line, never more than the terminal holds. Pure. */
import { formatBytes, formatDuration } from '../model/units.ts';
import type { StatusDocument, SubjectRow } from '../serve/schema.ts';
import type { Colour, Paint } from './paint.ts';
import { exhaustionPhrase, hostingPhrase, slopePhrase } from './phrases.ts';
import { column, displayWidth, fit, printable } from './printable.ts';
import { actionLines, type TopAction } from './topAction.ts';
import type { TopState } from './topKeys.ts';
import { wrapped } from './wrapped.ts';

export interface TopData {
  status: StatusDocument;
  rows: readonly SubjectRow[];
}

export interface TopSize {
  columns: number;
  lines: number;
}

const headLines = 4;
const detailLines = 5;
const sparkWidth = 16;
const bars = '▁▂▃▄▅▆▇█';

/** Plans have more to say than a row. */
const actionPaneLines = 14;

/** Rows of the table that a terminal of this height shows. */
export function pageSize({ lines }: TopSize, action: TopAction | null): number {
  return Math.max(1, lines - headLines - (action === null ? detailLines : actionPaneLines) - 1);
}

export function topFrame(data: TopData, state: TopState, size: TopSize, paint: Paint): string[] {
  const page = pageSize(size, state.action);
  const selected = Math.max(0, Math.min(data.rows.length - 1, state.selected));
  const first = Math.max(0, Math.min(selected - Math.floor(page / 2), data.rows.length - page));
  const nowMs = Date.parse(data.status.time);
  const table = data.rows.slice(first, first + page).map((row, index) => tableLine(row, first + index === selected, nowMs, size, paint));
  const blank = Array.from({ length: page - table.length }, () => '');
  const marked = data.rows[selected];
  const lines = [
    ...head(data.status, state, size, paint),
    ...table,
    ...blank,
    ...(state.action === null ? detail(marked, nowMs, size, paint) : acting(state.action, size, paint)),
    paint(
      'dim',
      fit('q quit  ↑↓ move  a act  g growth  c concern  m memory  f fds  t threads  n name  p processes or workloads', size.columns),
    ),
  ];
  return lines.slice(0, size.lines);
}

function head(status: StatusDocument, state: TopState, { columns }: TopSize, paint: Paint): string[] {
  const { host } = status;
  const amount = (free: number | null, total: number | null) =>
    free === null || total === null ? 'unknown' : `${formatBytes(free)} of ${formatBytes(total)}`;
  const ends = host.exhaustion === null ? '' : `   ends ${exhaustionPhrase(host.exhaustion, Date.parse(status.time))}`;
  const leaking = status.leakCount > 0;
  const memory = `memory available ${amount(host.memAvailableBytes, host.memTotalBytes)}   swap free ${amount(host.swapFreeBytes, host.swapTotalBytes)}${ends}`;
  const titles = `  ${column('verdict', 10)}${nameColumn(state.kind, columns)}${column('private', 10, 'right')}${column('growth', 13, 'right')}  ${column('floor', sparkWidth)} ${column('since', 12, 'right')} ${column('ends in', 12, 'right')}`;
  return [
    paint(leaking ? 'red' : 'bold', fit(printable(status.summary), columns)),
    fit(memory, columns),
    fit(`${state.kind === 'workload' ? 'workloads' : 'processes'} by ${state.sort}   ${status.time.slice(11, 19)} UTC`, columns),
    paint('dim', fit(titles, columns)),
  ];
}

const fixedWidth = 2 + 10 + 10 + 13 + 2 + sparkWidth + 1 + 12 + 1 + 12;

function nameColumn(text: string, columns: number): string {
  return column(text, Math.max(12, columns - fixedWidth));
}

const verdictColours: Partial<Record<string, Colour>> = { leak: 'red', suspect: 'yellow', 'no-leak': 'green' };

function tableLine(row: SubjectRow, isMarked: boolean, nowMs: number, { columns }: TopSize, paint: Paint): string {
  const { verdict } = row;
  const mark = isMarked ? '▶ ' : '  ';
  const word = column(verdict.verdict, 10);
  const colour = verdictColours[verdict.verdict];
  const since = verdict.onset === null ? '' : formatDuration(nowMs - Date.parse(verdict.onset));
  const ends = verdict.exhaustion === null ? '' : formatDuration(Date.parse(verdict.exhaustion.at) - nowMs);
  const privateBytes = row.privateBytes === null ? 'not seen' : formatBytes(row.privateBytes);
  const rest = `${nameColumn(printable(row.name), columns)}${column(privateBytes, 10, 'right')}${column(slopePhrase(verdict.slope), 13, 'right')}  ${column(sparkline(row.spark), sparkWidth)} ${column(since, 12, 'right')} ${column(ends, 12, 'right')}`;
  const room = columns - displayWidth(mark) - displayWidth(word);
  const body = cut(rest, Math.max(0, room));
  return `${mark}${colour === undefined ? word : paint(colour, word)}${isMarked ? paint('bold', body) : body}`;
}

/** Cut at the right edge, unlike `fit`: columns must stay where they are. */
function cut(text: string, width: number): string {
  let used = 0;
  let kept = '';
  for (const char of text) {
    used += displayWidth(char);
    if (used > width) break;
    kept += char;
  }
  return kept;
}

/** The last points as bars between their lowest and highest; a flat series is low all along, and a gap is a gap. */
export function sparkline(points: readonly (number | null)[]): string {
  const shown = points.slice(-sparkWidth * 3);
  const step = Math.max(1, shown.length / sparkWidth);
  const picked = Array.from({ length: Math.min(sparkWidth, shown.length) }, (_, index) => shown[Math.floor(index * step)] ?? null);
  const values = picked.filter((value) => value !== null);
  const low = Math.min(...values);
  // Less than 2 % up and down is a flat line, not a mountain.
  const span = Math.max(Math.max(...values) - low, Math.abs(low) * 0.02, 1);
  return picked
    .map((value) => (value === null ? ' ' : (bars[Math.min(bars.length - 1, Math.floor(((value - low) / span) * bars.length))] ?? ' ')))
    .join('');
}

function detail(row: SubjectRow | undefined, nowMs: number, { columns }: TopSize, paint: Paint): string[] {
  const lines = row === undefined ? ['nothing to show'] : describe(row, nowMs);
  const filled = Array.from({ length: detailLines - 1 }, (_, index) => fit(lines[index] ?? '', columns));
  return [paint('dim', '─'.repeat(columns)), ...filled];
}

function acting(action: TopAction, { columns }: TopSize, paint: Paint): string[] {
  const lines = actionLines(action).flatMap(([text, colour]) =>
    wrapped(text, columns, '').map((row) => (colour === undefined ? fit(row, columns) : paint(colour, fit(row, columns)))),
  );
  // What there is to press stands last, and stays when the rest does not fit.
  const last = lines.at(-1) ?? '';
  const shown = lines.length < actionPaneLines ? lines : [...lines.slice(0, actionPaneLines - 2), last];
  const blank = Array.from({ length: actionPaneLines - 1 - shown.length }, () => '');
  return [paint('dim', '─'.repeat(columns)), ...shown, ...blank];
}

function describe(row: SubjectRow, nowMs: number): string[] {
  const { verdict } = row;
  const counts = [
    hostingPhrase(row) || null,
    row.fds === null ? null : `${row.fds} fds`,
    row.threads === null ? null : `${row.threads} threads`,
    row.processes === null ? null : `${row.processes} processes`,
    row.limitBytes === null ? null : `limit ${formatBytes(row.limitBytes)}`,
  ];
  const first = [printable(row.name), ...counts.filter((text) => text !== null)].join(' · ');
  const ends = verdict.exhaustion === null ? '' : `, ends ${exhaustionPhrase(verdict.exhaustion, nowMs)}`;
  const second = `${verdict.verdict} of ${verdict.resource}, ${printable(verdict.class)}, ${Math.floor(verdict.probability * 1000) / 10} % sure of a leak${ends}`;
  return [first, second, ...verdict.reasons.slice(0, 2).map(({ text }) => printable(text))];
}
