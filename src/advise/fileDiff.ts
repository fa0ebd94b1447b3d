/** The lines that a change takes away and adds, with three lines around them. Pure. */
import type { FileChange } from '../model/advice.ts';

const around = 3;

export function fileDiff({ path, before, after }: FileChange): string[] {
  const old = linesOf(before ?? '');
  const next = linesOf(after);
  let first = 0;
  while (first < old.length && first < next.length && old[first] === next[first]) first += 1;
  let last = 0;
  while (last < old.length - first && last < next.length - first && old.at(-1 - last) === next.at(-1 - last)) last += 1;
  const from = Math.max(0, first - around);
  return [
    `--- ${before === null ? '/dev/null' : path}`,
    `+++ ${path}`,
    `@@ line ${from + 1} @@`,
    ...old.slice(from, first).map((line) => ` ${line}`),
    ...old.slice(first, old.length - last).map((line) => `-${line}`),
    ...next.slice(first, next.length - last).map((line) => `+${line}`),
    ...old.slice(old.length - last, old.length - last + around).map((line) => ` ${line}`),
  ];
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
