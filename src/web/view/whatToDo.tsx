/** What to do now, with its arithmetic: a restart gives back what has leaked so far, and so buys as long as that took. */
import type { SubjectRow } from '../talk/documents.ts';
import { daemonNowMs } from '../talk/live.ts';
import { formatAmount, formatDuration } from '../words/format.ts';

/** Only what needs no quoting in a shell is offered as a command. */
const plainUnit = /^[A-Za-z0-9][\w@.:-]*\.service$/;

export function WhatToDo({ row }: { row: SubjectRow }) {
  const { slope, onset } = row.verdict;
  if (slope === null || onset === null || slope.perHour <= 0) return null;
  const leakingMs = daemonNowMs() - Date.parse(onset);
  const leaked = (slope.perHour * leakingMs) / 3_600_000;
  const what =
    slope.unit === 'bytes' ? formatAmount(leaked, 'bytes') : `${formatAmount(Math.round(leaked), 'count')} ${row.verdict.resource}`;
  const command = row.origin === 'systemd-unit' && plainUnit.test(row.name) ? `systemctl restart ${row.name}` : null;
  return (
    <p class="to-do">
      <strong>To gain time, restart it:</strong> that gives back about {what} and, at this rate, buys another {formatDuration(leakingMs)}.
      The leak itself stays until the program is fixed. {command !== null && <code>{command}</code>}
    </p>
  );
}
