/** A process that was ended for want of memory, and what can be said of it afterwards. Names are as the kernel wrote them, not escaped. */

/** What one process had at the moment of the kill. */
export interface KillTask {
  pid: number;
  /** At most 15 characters. */
  name: string;
  uid: number;
  residentBytes: number;
  swapBytes: number;
  oomScoreAdj: number;
}

export interface Kill {
  by: 'kernel' | 'systemd-oomd' | 'earlyoom';
  /** Unix, in ms; null where the log does not tell. */
  atMs: number | null;
  sinceBootMs: number | null;
  /** What had run out: memory of the host, of a cgroup with a limit, of the memory nodes the task may use; or not told. */
  scope: 'host' | 'cgroup' | 'nodes' | 'unknown';
  /** Whose limit it was. */
  limitCgroup: string | null;
  limitBytes: number | null;
  /** Of the host. */
  swapTotalBytes: number | null;
  swapFreeBytes: number | null;
  /** Name of the task that asked for memory when there was none. */
  askedBy: string | null;
  victim: {
    pid: number | null;
    name: string;
    cgroup: string | null;
    uid: number | null;
    anonBytes: number | null;
    fileBytes: number | null;
    shmemBytes: number | null;
    swapBytes: number | null;
    oomScoreAdj: number | null;
  };
  /** Every process that could have been chosen, largest first, as far as they were kept. */
  tasks: KillTask[];
  taskCount: number;
  /** What the log tells of the time after: units that failed or were started again. */
  aftermath: string[];
}

/** Who made the memory short. */
export interface Culprit {
  name: string;
  subjectId: string | null;
  /** Resident and swapped out, at the kill. */
  bytes: number;
  processes: number | null;
  /** How much of it came in the time before; null without history. */
  grewBytes: number | null;
  overMs: number | null;
  isVictim: boolean;
  /** How it is known: stanch's own history, or only the sizes that the kernel listed at the kill. */
  from: 'history' | 'task-table';
}

export interface Prevention {
  text: string;
  /** Null where no command does it. */
  command: string | null;
}

export interface PostMortem {
  /** The same whenever the same log is read. */
  id: string;
  kill: Kill;
  victim: { name: string; subjectId: string | null; bytes: number | null };
  /** Null where nothing is known of the others. */
  culprit: Culprit | null;
  lost: string[];
  prevention: Prevention[];
  /** Victim, culprit and reason in one sentence. */
  sentence: string;
}
