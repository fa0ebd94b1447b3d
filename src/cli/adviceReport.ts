/** Advice for a person at a terminal. Pure. */
import { formatBytes } from '../model/units.ts';
import type { AdviceDocument } from '../serve/schema.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { wrapped } from './wrapped.ts';

type AdviceOnOne = AdviceDocument['advice'][number];
type Recommendation = AdviceOnOne['recommendations'][number];

export function adviceReport({ advice }: AdviceDocument, paint: Paint, columns: number): string {
  const told = advice.filter(({ recommendations }) => recommendations.length > 0 || advice.length === 1);
  const quiet = advice.length - told.length;
  const parts = told.map((each) => adviceOnOne(each, paint, columns, advice.length === 1));
  if (quiet > 0) parts.push(`${quiet} more of the largest need nothing that stanch knows of.\n`);
  if (parts.length === 0) parts.push('Nothing to advise yet. How the server itself is set up: stanch audit\n');
  return parts.join('\n');
}

function adviceOnOne(advice: AdviceOnOne, paint: Paint, columns: number, whole: boolean): string {
  const { subjectName, measured, recommendations, unknown, runtime } = advice;
  const lines = [paint('bold', printable(subjectName)), `  ${measured}${runtime === null ? '' : `; ${runtime}`}`];
  for (const each of recommendations) lines.push('', ...(whole ? full(each, paint, columns, subjectName) : brief(each)));
  if (recommendations.length === 0) lines.push('', '  Nothing to change that stanch knows of.');
  if (!whole && recommendations.length > 0) lines.push(`  why, diff and undo: stanch advise ${quoted(subjectName)}`);
  if (whole && unknown.length > 0)
    lines.push('', ...unknown.flatMap((text) => wrapped(text, columns, '  not known: ').map((row) => paint('yellow', row))));
  return `${lines.join('\n')}\n`;
}

function brief({ title, settings, buys }: Recommendation): string[] {
  const changes = settings.map(({ name, now, advised }) => `${name} ${now ?? 'not set'} → ${advised}`).join(', ');
  return [`  ${printable(title)}: ${printable(changes)}${buys === null ? '' : `; ${buys}`}`];
}

function full(each: Recommendation, paint: Paint, columns: number, name: string): string[] {
  const { id, title, settings, reason, arithmetic, buys, change, diff, line, place, apply, undo, risk } = each;
  const shown = change === null ? [`in ${place}:`, ...line.split('\n')] : diff;
  const byStanch = change === null || apply.length === 0 ? [] : [`  do it   stanch advise ${quoted(name)} --apply ${id}`];
  return [
    `  ${paint('bold', printable(title))}  (${id})`,
    ...wrapped(reason, columns, '  why     '),
    ...arithmetic.flatMap((text) => wrapped(text, columns, '  sum     ')),
    ...settings.filter(({ live, now }) => live !== null && live !== now).map((each) => `  now     ${printable(inForceNow(each))}`),
    ...(buys === null ? [] : wrapped(buys, columns, '  more?   ')),
    ...shown.map((row) => `          ${coloured(printable(row), paint)}`),
    ...byStanch,
    ...apply.map((command) => `  ${byStanch.length > 0 ? 'or      ' : 'then    '}${printable(command)}`),
    ...(byStanch.length > 0 ? ['  undo    stanch undo'] : []),
    ...undo.map((command) => `  ${byStanch.length > 0 ? 'or      ' : 'undo    '}${printable(command)}`),
    ...(risk === null ? [] : wrapped(risk, columns, '  risk    ').map((row) => paint('yellow', row))),
  ];
}

/** What is written down and what holds can differ: set by hand, by another tool, or not read yet. */
function inForceNow({ name, now, live }: Recommendation['settings'][number]): string {
  const holds = /^\d{7,15}$/.test(live ?? '') ? formatBytes(Number(live)) : live;
  return `${name} ${now ?? 'not set'}, and ${holds === 'infinity' ? 'no limit' : holds} in force`;
}

function coloured(row: string, paint: Paint): string {
  if (row.startsWith('+')) return paint('green', row);
  return row.startsWith('-') ? paint('red', row) : row;
}

/** For a shell: names of workloads have blanks and colons. */
function quoted(name: string): string {
  const text = printable(name);
  return /^[\w.@:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
