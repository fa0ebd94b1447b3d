/** Who started a process: up from it, parent by parent. */
import type { Program } from './workloadRule.ts';

/** Deeper than any start goes; a process that forks without end must not cost more. */
const maxDepth = 16;

export interface Launch<Launcher> {
  by: Launcher;
  /** What the launcher started, whatever that started in turn, down to the process itself. */
  line: readonly [Program, ...Program[]];
}

/** By the nearest ancestor that `recognise` knows. */
export function launchOf<Launcher>(program: Program, recognise: (ancestor: Program) => Launcher | null): Launch<Launcher> | null {
  let first = program;
  for (let depth = 1; depth <= maxDepth; depth += 1) {
    const parent = first.parent();
    if (parent === null) return null;
    const by = recognise(parent);
    if (by !== null) return { by, line: lineTo(program, depth) };
    first = parent;
  }
  return null;
}

function lineTo(program: Program, length: number): Launch<unknown>['line'] {
  const line: [Program, ...Program[]] = [program];
  while (line.length < length) {
    const parent = line[0].parent();
    if (parent === null) break;
    line.unshift(parent);
  }
  return line;
}

/** `/usr/sbin/cron` → `cron`, `-bash` → `bash`; of a title its first word. */
export function programBase(program: Program): string {
  return /^-?(?:[^\s:]*\/)?([^\s:/]+)/.exec(program.argv[0] ?? '')?.[1] ?? program.comm;
}
