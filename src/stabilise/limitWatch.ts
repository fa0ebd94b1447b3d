/** Watches what is limited: a service that stands at its soft limit holds the server up and answers nobody, which its owner has to know. */
import { existsSync } from 'node:fs';
import { readCgroupMemoryEvents } from '../kernel/cgroupMemoryEvents.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readCgroupPressure } from '../kernel/pressure.ts';
import { readText } from '../kernel/read.ts';
import type { Action } from '../model/action.ts';
import { isValue, type Reading, valueOrNull } from '../model/reading.ts';
import type { Scan } from '../sample/scan.ts';

export interface LimitState {
  /** Killed at its hard limit, since its cgroup was made. */
  oomKills: number;
  /** Share of the last 10 s in which all of it waited for memory, 0 to 1; null: not told. */
  waits: number | null;
}

export interface LimitNews {
  subjectId: string;
  severity: 'warning' | 'critical';
  text: string;
}

interface Watched {
  state: LimitState;
  isStalled: boolean;
}

const stalledFrom = 0.4;
const freeBelow = 0.1;
const most = 20;

export class LimitWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #roots: { procRoot: string; cgroupRoot: string };

  constructor(roots = { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup' }) {
    this.#roots = roots;
  }

  /** After each scan. The same is said once. */
  look(scan: Scan, actions: readonly Action[]): LimitNews[] {
    const limits = actions.filter(isInForce).slice(-most);
    const ids = new Set(limits.map(({ id }) => id));
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id);
    return limits.flatMap((action) => {
      const state = this.#read(scan, action);
      if (state === null) return [];
      const { news, next } = judgeLimit(action, this.#watched.get(action.id) ?? null, state);
      this.#watched.set(action.id, next);
      return news === null ? [] : [news];
    });
  }

  /** null: nothing of it runs now, or it runs elsewhere. */
  #read(scan: Scan, { plan }: Action): LimitState | null {
    const { procRoot, cgroupRoot } = this.#roots;
    const unit = /\/([^/]+)\.d\/[^/]+$/.exec(dropInOf(plan.steps) ?? '')?.[1] ?? '';
    const one = scan.processes.find(({ subject, state }) => subject.workloadId === plan.subjectId && state !== 'Z');
    const text: Reading<string> | null = one === undefined ? null : readText(`${procRoot}/${one.id.pid}/cgroup`, 16_384);
    const parts = text !== null && isValue(text) ? (parsePidCgroup(text).unified ?? '').split('/') : [];
    const at = parts.indexOf(unit);
    if (at < 0) return null;
    const directory = `${cgroupRoot}${parts.slice(0, at + 1).join('/')}`;
    const kills = readCgroupMemoryEvents(directory, 'v2').oomKills;
    const pressure = readCgroupPressure(directory);
    return { oomKills: valueOrNull(kills) ?? 0, waits: isValue(pressure) ? valueOrNull(pressure.full10) : null };
  }
}

/** A limit of this boot that nobody took away. */
function isInForce({ state, plan }: Action): boolean {
  const path = dropInOf(plan.steps);
  return state === 'done' && (plan.kind === 'throttle' || plan.kind === 'limit') && path !== null && existsSync(path);
}

function dropInOf(steps: Action['plan']['steps']): string | null {
  for (const { step } of steps) if (step.do === 'write-file') return step.path;
  return null;
}

/** Pure. `before`: null at the first look, which says nothing of kills before. */
export function judgeLimit({ id, plan }: Action, before: Watched | null, state: LimitState): { news: LimitNews | null; next: Watched } {
  const { waits, oomKills } = state;
  // The count begins anew with the service.
  const killedBefore = before === null ? oomKills : oomKills < before.state.oomKills ? 0 : before.state.oomKills;
  const wasStalled = before?.isStalled ?? false;
  const isStalled = waits !== null && (wasStalled ? waits >= freeBelow : waits >= stalledFrom);
  const name = plan.subjectName;
  const say = (severity: LimitNews['severity'], text: string): LimitNews => ({ subjectId: plan.subjectId, severity, text });
  let news: LimitNews | null = null;
  if (oomKills > killedBefore) {
    news = say(
      'critical',
      `${name} met its hard limit and was ended there by the kernel, and nothing else was. Take the limit back: stanch undo ${id}`,
    );
  } else if (isStalled && !wasStalled && waits !== null) {
    news = say(
      'warning',
      `${name} stands at its soft limit: all of it waits for memory ${Math.round(waits * 100)} % of the time, so that it hardly answers. stanch do restart ${JSON.stringify(name)}, or stanch undo ${id}`,
    );
  }
  return { news, next: { state, isStalled } };
}
