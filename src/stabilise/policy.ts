/** What the owner allows to be done to which workload, when and how often. Observing is the default. Pure. */
import type { Action, ActionKind } from '../model/action.ts';
import type { PolicyMode, PolicySettings, WorkloadPolicy } from '../model/settings.ts';
import { formatDuration } from '../model/units.ts';

const hourMs = 3_600_000;

export interface PolicyAnswer {
  mode: PolicyMode;
  /** In the order in which they are to be tried. */
  actions: readonly ActionKind[];
  /** Why nothing is done by itself at this moment; null: it may be. */
  holdsBack: string | null;
  /** It is recycled in its quietest hour while it leaks. */
  recycles: boolean;
}

/** `name` as the owner sees it, the first pattern that fits counts. */
export function policyFor(policy: PolicySettings, name: string, actions: readonly Action[], nowMs: number): PolicyAnswer {
  const own: WorkloadPolicy = policy.workloads.find(({ pattern }) => matches(pattern, name)) ?? {
    pattern: '*',
    mode: policy.mode,
    actions: policy.actions,
  };
  if (policy.neverTouch.some((pattern) => matches(pattern, name))) {
    return { mode: 'observe', actions: [], holdsBack: `${name} is on the list of what is never touched`, recycles: false };
  }
  return {
    mode: own.mode,
    actions: own.actions,
    holdsBack: holdsBack(policy, name, actions, nowMs),
    recycles: own.recycle === 'quietest',
  };
}

/** `*` stands for anything; nothing else is special. */
export function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return first === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of rest.entries()) {
    const isLast = index === rest.length - 1;
    const found = isLast
      ? name.length - part.length >= at && name.endsWith(part)
        ? name.length - part.length
        : -1
      : name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

function holdsBack(
  { window, mostAnHour, coolDownMs }: PolicySettings,
  name: string,
  actions: readonly Action[],
  nowMs: number,
): string | null {
  const own = actions.filter(({ by, state }) => by === 'policy' && state !== 'failed');
  const lately = own.filter(({ atMs }) => nowMs - atMs < hourMs).length;
  if (lately >= mostAnHour) return `${lately} actions were taken within the last hour, which is the most that is allowed`;
  const last = own.filter(({ plan }) => plan.subjectName === name).at(-1);
  if (last !== undefined && nowMs - last.atMs < coolDownMs)
    return `it was acted on ${formatDuration(nowMs - last.atMs)} ago; it is let alone for ${formatDuration(coolDownMs)}`;
  if (window !== null && !isInside(window, nowMs)) return 'it is outside of the hours in which stanch may act';
  return null;
}

/** Minutes of the local day; over midnight where the end is before the start. */
function isInside({ fromMinute, toMinute }: { fromMinute: number; toMinute: number }, nowMs: number): boolean {
  const now = new Date(nowMs);
  const minute = now.getHours() * 60 + now.getMinutes();
  return fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;
}
