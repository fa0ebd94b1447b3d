/** The audit for a person at a terminal: what is bad first. Pure. */
import type { HardeningDocument } from '../serve/schema.ts';
import type { Colour, Paint } from './paint.ts';
import { printable } from './printable.ts';
import { wrapped } from './wrapped.ts';

type CheckDocument = HardeningDocument['checks'][number];

const order: readonly CheckDocument['state'][] = ['bad', 'warning', 'unknown', 'good'];
const colours: Record<CheckDocument['state'], Colour> = { bad: 'red', warning: 'yellow', unknown: 'dim', good: 'green' };

export function auditReport({ score, checks, notices }: HardeningDocument, paint: Paint, columns: number): string {
  const open = checks.filter(({ state }) => state === 'bad' || state === 'warning').length;
  const lines = [
    paint('bold', `${score} of 100`) +
      (open === 0 ? ': nothing to do' : `: ${open} of ${checks.length} checks want a look; nothing was changed`),
  ];
  for (const state of order) {
    for (const check of checks.filter((each) => each.state === state)) lines.push(...checkLines(check, paint, columns));
  }
  if (notices.length > 0) lines.push('', ...notices.flatMap((text) => wrapped(text, columns, '').map((row) => paint('yellow', row))));
  return `${lines.join('\n')}\n`;
}

function checkLines({ state, title, found, fixes }: CheckDocument, paint: Paint, columns: number): string[] {
  const head = `${paint(colours[state], state.padEnd(8))} ${title}`;
  const told = wrapped(found, columns, '         ');
  if (state === 'good' || state === 'unknown') return [head, ...told.map((row) => paint('dim', row))];
  const blank = ['', head, ...told];
  for (const { text, command, risk } of fixes) {
    blank.push(
      ...wrapped(`${text}:`, columns, '         '),
      `           ${printable(command)}`,
      ...wrapped(`risk: ${risk}`, columns, '           ').map((row) => paint('dim', row)),
    );
  }
  return [...blank, ''];
}
