/** Something done to the server, as data: planned, shown, executed step by step, proven, and undone. */
import type { ProcessId } from './subject.ts';

export const actionKinds = ['protect', 'throttle', 'isolate', 'restart', 'recycle', 'limit', 'kill'] as const;
export type ActionKind = (typeof actionKinds)[number];

export type UnitVerb = 'restart' | 'reload' | 'stop' | 'freeze' | 'thaw';

/** A cgroup and what tells it from a later one of the same name: the inode of its folder, decimal. */
export interface CgroupPlace {
  /** In the v2 hierarchy, `/system.slice/shop.service`. */
  path: string;
  id: string;
}

/** What an executor can do. `before` is what was there when it was planned: anything else means that somebody changed it since. */
export type Step =
  /** null: there is no such file. */
  | { do: 'write-file'; path: string; before: string | null; after: string | null }
  /** A file of the kernel that holds one value: an OOM score, a limit of a cgroup. `process` where it is one's own. */
  | { do: 'write-kernel'; path: string; before: string; after: string; process: ProcessId | null }
  /** systemd reads its unit files anew, and puts limits that changed into force. */
  | { do: 'reload-systemd' }
  | { do: 'unit'; verb: UnitVerb; unit: string }
  /** Looked at before anything is changed: systemd has to know the unit, and it must not be masked. */
  | { do: 'check-unit'; unit: string }
  /** Looked at before a limit is set: a plan can be a day old, and what holds more than it may is ended at once. */
  | { do: 'check-room'; unit: string; cgroup: string; mostBytes: number }
  /** By the names that systemd has for them, in bytes or tasks: whether they hold, once they are written down. */
  | { do: 'check-limits'; unit: string; cgroup: string; limits: Readonly<Record<string, string>> }
  /** Until nothing is to be done for it any more and it is up. */
  | { do: 'await-unit'; unit: string; withinMs: number }
  /** Into a scope of their own, where they stand still. `all`: whatever else is in their cgroup by then, too. */
  | { do: 'isolate'; scope: string; slice: string; home: CgroupPlace; processes: ProcessId[]; all: boolean }
  | { do: 'signal'; process: ProcessId; signal: NodeJS.Signals }
  /** Ends it: the signal, and SIGKILL when it is there still after the grace. */
  | { do: 'end'; process: ProcessId; signal: NodeJS.Signals; graceMs: number }
  | { do: 'supervisord'; socket: string; program: string }
  | { do: 'container'; socket: string; id: string; graceS: number };

export interface PlannedStep {
  step: Step;
  /** As a person would say it, with names and numbers; not escaped. */
  text: string;
}

export interface ActionPlan {
  kind: ActionKind;
  subjectId: string;
  subjectName: string;
  /** Why, and what is to come of it. */
  reason: string;
  steps: PlannedStep[];
  /** What can go wrong, in one sentence; null: nothing but what is intended. */
  risk: string | null;
  /** Whether all of it can be taken back. */
  undoable: boolean;
  /** Bytes it is expected to give back; null: none, or not known. */
  expectedBytes: number | null;
}

export type ActionState = 'running' | 'done' | 'failed' | 'undone' | 'interrupted';

/** What it brought, measured. */
export interface ActionProof {
  /** Private memory of the workload before it, and a while after. */
  beforeBytes: number;
  afterBytes: number;
  availableBeforeBytes: number | null;
  availableAfterBytes: number | null;
  afterMs: number;
  /** How long what was given back lasts at the rate it grew by; null without such a rate. */
  boughtMs: number | null;
  /** Probes that were slow before, and are as usual again or not. */
  probes: { name: string; recovered: boolean }[];
  helped: boolean;
  sentence: string;
}

export interface Action {
  id: string;
  atMs: number;
  /** Who wanted it: `cli root`, `page`, `policy`, `schedule`, `emergency`. */
  by: string;
  plan: ActionPlan;
  state: ActionState;
  /** How many steps were carried out. */
  stepsDone: number;
  /** Why it failed or was interrupted. */
  error: string | null;
  endedMs: number | null;
  proof: ActionProof | null;
}
