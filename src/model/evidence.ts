/** What `explain` found out about one process, as it is kept and handed over. */
export interface Evidence {
  schema: 'stanch.evidence/1';
  /** Safe in a file name and a URL; in the order of time. */
  id: string;
  takenAtMs: number;
  subject: EvidenceSubject;
  /** What the process runs on, in words. */
  runtime: string;
  /** The answer, in one paragraph. */
  answer: string;
  /** Most first. Empty: nothing grows. */
  grows: GrowingPart[];
  /** What is no leak, and what to do about it. */
  notes: string[];
  /** Between two looks. */
  intervalMs: number;
  estimate: EvidenceCost;
  /** What it did cost. */
  cost: EvidenceCost;
  /** Texts out of the memory of the process are in it as they are. */
  hasTexts: boolean;
}

export interface EvidenceSubject {
  pid: number;
  /** Clock ticks since boot: a pid alone never identifies. */
  startTimeTicks: number;
  /** Of the process or its workload, where the daemon knows it. */
  subjectId: string | null;
  /** Not escaped. */
  name: string;
}

/** One kind of thing that becomes more. */
export interface GrowingPart {
  type: string;
  /** `file:line`, where known. */
  place: string | null;
  counts: [number, number, number];
  /** It is a line that allocates: counted are bytes that are still there, and the path is who called it. */
  isAllocation?: boolean;
  /** It is a single block that becomes larger: counted are its bytes. */
  isOneBlock?: boolean;
  /** It is a script of PHP-FPM: counted are its requests that were seen alone, and the path is where they ran. */
  isScript?: boolean;
  bytesPerSecond: number;
  /** Part of the newly come that stayed; null when not known. */
  survival: number | null;
  owner: string | null;
  path: string[];
  pattern: { name: string; meaning: string; fix: string } | null;
  /** What many of them hold: masked, unless `hasTexts`. */
  contents: string[];
}

export interface EvidenceCost {
  /** Of stanch's own child; the process itself is not stopped. */
  cpuSeconds: number;
  rssBytes: number;
  wallMs: number;
}
