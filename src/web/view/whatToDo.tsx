/** What to do now, with its arithmetic: a restart gives back what has leaked so far, and so buys as long as that took. */
import type { ComponentChildren } from 'preact';
import { daemonNowMs } from '../talk/clock.ts';
import type { SubjectRow } from '../talk/documents.ts';
import { formatBytes, formatCount, formatDuration } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { resourceWord } from '../words/verdictWords.ts';
import { Command } from './command.tsx';
import { asSentence } from './reasons.tsx';

/** Only what needs no quoting in a shell is offered as a command. */
const plainUnit = /^[A-Za-z0-9][\w@.:-]*\.service$/;
/** Before that, what a restart buys is not worth saying. */
const worthSayingMs = 600_000;

const urgencyWords = { none: '', watch: 'Keep an eye on it: ', soon: 'Act soon: ', now: 'Act now: ' } as const;

/** `children`: the way to do it. */
export function WhatToDo({ row, children }: { row: SubjectRow; children: ComponentChildren }) {
  const { slope, onset, urgency, resource } = row.verdict;
  const command = row.origin === 'systemd-unit' && plainUnit.test(row.name) ? `systemctl restart ${row.name}` : null;
  const leakingMs = onset === null ? 0 : daemonNowMs() - Date.parse(onset);
  const leaked = slope === null ? 0 : (slope.perHour * leakingMs) / 3_600_000;
  const amount =
    slope?.unit === 'count' ? `${formatCount(Math.round(leaked))} ${resourceWord(resource).toLowerCase()}` : formatBytes(leaked);
  const buys = leakingMs > worthSayingMs ? ` and, at this rate, buys another ${formatDuration(leakingMs)}` : '';
  return (
    <div class="to-do">
      {urgency.level !== 'none' && (
        <p class={`urgency urgency-${urgency.level}`}>
          {urgencyWords[urgency.level]}
          {asSentence(inert(urgency.text)).replace(/^./, (first) => first.toLowerCase())}
        </p>
      )}
      {leaked > 0 && (
        <p>
          To gain time, restart it: that gives back about {amount}
          {buys}. The leak stays until the program is fixed.
        </p>
      )}
      {children}
      {command !== null && <Command text={command} />}
    </div>
  );
}
