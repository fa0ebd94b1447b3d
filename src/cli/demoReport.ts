/** What the demo says, for a terminal and for a script. Pure. */
import { formatBytes, formatDuration } from '../model/units.ts';
import type { SubjectRow } from '../serve/schema.ts';
import type { Colour, Paint } from './paint.ts';
import { printable } from './printable.ts';

/** One program of the demo as the daemon sees it now; `row` is null until it has been seen. */
export interface Watched {
  name: string;
  about: string;
  leaks: boolean;
  row: SubjectRow | null;
}

export function demoIntroduction(programs: readonly Watched[], url: string): string {
  const lines = programs.map(({ name, about, leaks }) => `  ${name.padEnd(12)} ${leaks ? 'leaks' : 'healthy'}: ${about}`);
  return `Started five small programs. One of them leaks:\n${lines.join('\n')}\n\nstanch watches this whole server every second: ${url}\n`;
}

/** A line for each program, to be drawn over the last ones on a terminal. */
export function demoTable(programs: readonly Watched[], elapsedMs: number, paint: Paint): string[] {
  return [
    paint('dim', `after ${formatDuration(elapsedMs)}`),
    ...programs.map((program) => `  ${program.name.padEnd(12)} ${heldText(program).padStart(9)}  ${wordOf(program, paint)}`),
  ];
}

/** The same in one line, for a log. */
export function demoLine(programs: readonly Watched[], elapsedMs: number): string {
  const parts = programs.map((program) => `${program.name} ${heldText(program)} ${program.row?.verdict.verdict ?? 'not seen yet'}`);
  return `after ${formatDuration(elapsedMs)}: ${parts.join(', ')}`;
}

function heldText({ row }: Watched): string {
  return row?.privateBytes == null ? '-' : formatBytes(row.privateBytes);
}

const colours: Record<SubjectRow['verdict']['verdict'], Colour> = { leak: 'red', suspect: 'yellow', 'no-leak': 'green', undecided: 'dim' };

function wordOf({ row }: Watched, paint: Paint): string {
  if (row === null) return paint('dim', 'not seen yet');
  const { verdict, class: kind } = row.verdict;
  const detail = verdict === 'no-leak' && kind !== 'unknown' ? ` (${printable(kind)})` : '';
  return paint(colours[verdict], `${verdict}${detail}`);
}

export function demoEnd(outcome: DemoOutcome, healthy: readonly Watched[]): string {
  if (outcome.accused !== null) return `A healthy program was accused: ${outcome.accused}. That is a mistake of stanch.\n`;
  if (outcome.caughtAfterMs === null) return 'The leak was not caught in time. That is a mistake of stanch.\n';
  const words = healthy.map(({ name, row }) => `${name} ${row?.verdict.verdict ?? 'not seen'}`);
  return `Caught the leak after ${formatDuration(outcome.caughtAfterMs)} and accused none of the healthy programs: ${words.join(', ')}.\n`;
}

export interface DemoOutcome {
  caughtAfterMs: number | null;
  /** A healthy program that was called a leak. */
  accused: string | null;
}
