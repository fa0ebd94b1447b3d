/**
 * The API described once: valibot schemas of every document. Types, validation and the OpenAPI document follow from these.
 * Times are RFC 3339 in UTC in documents and ms since the epoch in arrays of points. `null` is absent, never 0.
 */
import * as v from 'valibot';
import { reclaimKinds } from '../relate/memoryTree.ts';

const nullableNumber = v.nullable(v.number());

const slopeSchema = v.object({ perHour: v.number(), low: v.number(), high: v.number(), unit: v.picklist(['bytes', 'count']) });
const exhaustionSchema = v.object({ at: v.string(), low: v.string(), high: v.nullable(v.string()), wall: v.string() });
const reasonSchema = v.object({ rule: v.string(), for: v.picklist(['leak', 'no-leak', 'undecided']), text: v.string() });

const verdictEntries = {
  resource: v.picklist(['memory', 'shmem', 'fds', 'sockets', 'threads', 'processes', 'kernel']),
  verdict: v.picklist(['leak', 'suspect', 'no-leak', 'undecided']),
  class: v.string(),
  probability: v.number(),
  onset: v.nullable(v.string()),
  detectedAt: v.nullable(v.string()),
  slope: v.nullable(slopeSchema),
  exhaustion: v.nullable(exhaustionSchema),
  urgency: v.object({ level: v.picklist(['none', 'watch', 'soon', 'now']), text: v.string() }),
  reasons: v.array(reasonSchema),
};
const resourceVerdictSchema = v.object(verdictEntries);
const subjectVerdictSchema = v.object({ subject: v.string(), ...verdictEntries, resources: v.array(resourceVerdictSchema) });

const hostSchema = v.object({
  name: v.string(),
  memTotalBytes: nullableNumber,
  memAvailableBytes: nullableNumber,
  memFreeBytes: nullableNumber,
  swapTotalBytes: nullableNumber,
  swapFreeBytes: nullableNumber,
  /** 0 to 1. */
  memoryPressureSome10: nullableNumber,
  memoryPressureFull10: nullableNumber,
  load1: nullableNumber,
  /** Of the network namespace of stanch. */
  sockets: v.object({ used: nullableNumber, tcpAllocated: nullableNumber, tcpOrphaned: nullableNumber, tcpTimeWait: nullableNumber }),
  cpuCount: v.number(),
  /** When the host's memory and swap end if what leaks goes on. */
  exhaustion: v.nullable(exhaustionSchema),
});

/** On shared hosting, the customer that a workload belongs to and a domain that says whose it is. */
const hostingEntries = { account: v.nullable(v.string()), domain: v.nullable(v.string()) };

/** One row of the table of workloads or processes. */
const subjectRowSchema = v.object({
  id: v.string(),
  kind: v.picklist(['process', 'workload', 'host']),
  name: v.string(),
  origin: v.nullable(v.string()),
  user: v.nullable(v.string()),
  ...hostingEntries,
  workloadId: v.nullable(v.string()),
  privateBytes: nullableNumber,
  swapBytes: nullableNumber,
  shmemBytes: nullableNumber,
  fds: nullableNumber,
  threads: nullableNumber,
  processes: nullableNumber,
  /** Child processes that ended and were never waited for. */
  zombies: v.number(),
  limitBytes: nullableNumber,
  startTime: v.nullable(v.string()),
  verdict: subjectVerdictSchema,
  /** Floor of private memory, oldest first, up to 48 points over what is known: for a sparkline. */
  spark: v.array(nullableNumber),
});

const noticeSchema = v.object({ code: v.string(), text: v.string(), since: v.string() });

export const statusSchema = v.object({
  schema: v.literal('stanch.status/1'),
  time: v.string(),
  version: v.string(),
  /** Time between two scans now. */
  intervalMs: v.number(),
  /** One sentence for somebody who has ten seconds. */
  summary: v.string(),
  host: hostSchema,
  /** Every judged workload; what leaks first, then what is suspected, then by private memory. */
  subjects: v.array(v.object({ ...subjectVerdictSchema.entries, ...hostingEntries })),
  notices: v.array(noticeSchema),
  /** What stanch itself costs. `cpuRatio` is a share of one core, 0 to 1, over the last minute. */
  self: v.object({
    cpuRatio: nullableNumber,
    rssBytes: v.number(),
    /** How often the kernel was asked for something, over the last minute. */
    readsPerSecond: nullableNumber,
    /** What it may cost, and what keeping that needs just now: scans at a longer interval than configured, no closer looks. */
    budget: v.object({
      cpuRatio: v.number(),
      rssBytes: v.number(),
      readsPerSecond: v.number(),
      wantedIntervalMs: v.number(),
      looksCloser: v.boolean(),
    }),
    fds: nullableNumber,
    scanMs: v.number(),
    /** By what processes are read, and why by that. */
    processSource: v.object({ by: v.picklist(['bpf', 'proc']), reason: v.string() }),
    processCount: v.number(),
    workloadCount: v.number(),
    storeBytes: v.number(),
    storeMode: v.picklist(['disk', 'memory']),
  }),
});

export const subjectsSchema = v.object({ schema: v.literal('stanch.subjects/1'), time: v.string(), subjects: v.array(subjectRowSchema) });

const findingSchema = v.object({
  id: v.string(),
  subjectId: v.string(),
  subjectName: v.string(),
  state: v.picklist(['suspect', 'confirmed', 'resolved', 'recurred']),
  stateSince: v.string(),
  firstSeen: v.string(),
  lastSeen: v.string(),
  verdict: resourceVerdictSchema,
});

const fdKindSchema = v.picklist(['file', 'deleted', 'socket', 'pipe', 'anon', 'memfd', 'device', 'other']);

/** What is held open, of processes whose open files or memory grow. Groups are the largest ones, at most 20. */
const openFilesSchema = v.object({
  /** When it was looked at. */
  time: v.string(),
  open: v.number(),
  /** Of many open files only some are looked at; all counts below are of these. */
  looked: v.number(),
  /** What stands out, in sentences. */
  summary: v.array(v.string()),
  kinds: v.array(v.object({ kind: fdKindSchema, count: v.number() })),
  targets: v.array(v.object({ kind: fdKindSchema, name: v.string(), count: v.number(), text: v.string() })),
  sockets: v.array(
    v.object({
      protocol: v.picklist(['tcp', 'udp', 'unix', 'other']),
      state: v.string(),
      /** `in`: the other side connected; `out`: this side did. */
      direction: v.nullable(v.picklist(['in', 'out'])),
      local: v.nullable(v.string()),
      /** null: none, or several. */
      peer: v.nullable(v.string()),
      count: v.number(),
      /** Bytes; of a listening socket the second is the number of connections that wait to be accepted. */
      sendQueue: v.number(),
      receiveQueue: v.number(),
      text: v.string(),
    }),
  ),
});

export const subjectDetailSchema = v.object({
  schema: v.literal('stanch.subject/1'),
  time: v.string(),
  subject: subjectRowSchema,
  /** Processes of a workload now, largest first, at most 200. */
  members: v.array(
    v.object({
      id: v.string(),
      pid: v.number(),
      command: v.string(),
      state: v.string(),
      startTime: v.nullable(v.string()),
      privateBytes: nullableNumber,
      fds: nullableNumber,
      threads: nullableNumber,
      zombies: v.number(),
    }),
  ),
  /** null: not looked at, because nothing grows, or not permitted. */
  openFiles: v.nullable(openFilesSchema),
  findings: v.array(findingSchema),
});

/** Points of one resource of one subject over a range, parallel arrays, with what the detector made of them. */
export const seriesSchema = v.object({
  schema: v.literal('stanch.series/1'),
  subjectId: v.string(),
  resource: v.string(),
  unit: v.picklist(['bytes', 'count']),
  bucketMs: v.number(),
  timeMs: v.array(v.number()),
  floor: v.array(nullableNumber),
  mean: v.array(nullableNumber),
  max: v.array(nullableNumber),
  /** The wall at the end of the range, in the unit of the series. */
  limit: nullableNumber,
  restartsMs: v.array(v.number()),
  /** Straight line of the verdict's slope from onset, and its 90 % band into the future. */
  trend: v.nullable(v.object({ fromMs: v.number(), fromValue: v.number(), toMs: v.number(), toValue: v.number() })),
  forecast: v.nullable(
    v.object({ timeMs: v.array(v.number()), low: v.array(v.number()), mid: v.array(v.number()), high: v.array(v.number()) }),
  ),
});

export const findingsSchema = v.object({ schema: v.literal('stanch.findings/1'), time: v.string(), findings: v.array(findingSchema) });

export const hostDocumentSchema = v.object({
  schema: v.literal('stanch.host/1'),
  time: v.string(),
  host: hostSchema,
  verdict: subjectVerdictSchema,
});

export interface MemoryNodeDocument {
  name: string;
  bytes: number;
  note?: string | undefined;
  reclaim?: v.InferOutput<typeof reclaimSchema> | undefined;
  subjectId?: string | undefined;
  children?: MemoryNodeDocument[] | undefined;
}

/** What it takes to get memory back: nothing; the kernel takes it when needed; swapping, ending or deleting; not at all. */
const reclaimSchema = v.picklist(reclaimKinds);

/** Children add up to their parent. `subjectId`: the workload that has it. */
export const memoryNodeSchema: v.GenericSchema<MemoryNodeDocument> = v.object({
  name: v.string(),
  bytes: v.number(),
  note: v.optional(v.string()),
  reclaim: v.optional(reclaimSchema),
  subjectId: v.optional(v.string()),
  children: v.optional(v.array(v.lazy(() => memoryNodeSchema))),
});

const cgroupSchema = v.object({
  path: v.string(),
  usageBytes: nullableNumber,
  peakBytes: nullableNumber,
  limitBytes: nullableNumber,
  anonBytes: nullableNumber,
  fileBytes: nullableNumber,
  shmemBytes: nullableNumber,
  slabReclaimableBytes: nullableNumber,
  slabUnreclaimableBytes: nullableNumber,
  socketBytes: nullableNumber,
  pageTableBytes: nullableNumber,
  /** How often it was throttled, met its limit, and had a process killed for want of memory. */
  throttled: nullableNumber,
  atLimit: nullableNumber,
  oomKills: nullableNumber,
  /** 0 to 1. */
  pressureSome10: nullableNumber,
  pressureFull10: nullableNumber,
});

/** Where the memory is: every byte of RAM and swap. Also what `stanch where --json` prints. */
export const whereSchema = v.object({
  schema: v.literal('stanch.where/1'),
  time: v.string(),
  ram: memoryNodeSchema,
  swap: memoryNodeSchema,
  /** Adds up to RAM. */
  reclaim: v.object({ freeBytes: v.number(), reclaimableBytes: v.number(), swappableBytes: v.number(), unreclaimableBytes: v.number() }),
  findings: v.array(
    v.object({
      kind: v.picklist([
        'no-process-has-it',
        'orphaned-segments',
        'deleted-files',
        'idle-huge-pages',
        'dying-cgroups',
        'cgroup-at-limit',
        'oom-kills',
      ]),
      bytes: nullableNumber,
      text: v.string(),
      next: v.string(),
    }),
  ),
  /** null where no memory controller can be seen. `dying`: removed, and still in the kernel. `largest` are those without others below, or with a limit. */
  cgroups: v.nullable(v.object({ version: v.picklist(['v1', 'v2']), dying: nullableNumber, largest: v.array(cgroupSchema) })),
  /** What could not be seen or looked at. */
  notices: v.array(v.string()),
});

/** What the live stream sends after each scan (event `tick`): enough to know what to fetch again. */
export const tickSchema = v.object({
  schema: v.literal('stanch.tick/1'),
  time: v.string(),
  summary: v.string(),
  leakCount: v.number(),
  suspectCount: v.number(),
  processCount: v.number(),
  memAvailableBytes: nullableNumber,
  swapFreeBytes: nullableNumber,
  /** Goes up whenever a verdict changed. */
  verdictRevision: v.number(),
});

export const errorSchema = v.object({ code: v.string(), expected: v.string(), found: v.string(), next: v.string() });

export type StatusDocument = v.InferOutput<typeof statusSchema>;
export type SubjectsDocument = v.InferOutput<typeof subjectsSchema>;
export type SubjectRow = v.InferOutput<typeof subjectRowSchema>;
export type SubjectDetailDocument = v.InferOutput<typeof subjectDetailSchema>;
export type SeriesDocument = v.InferOutput<typeof seriesSchema>;
export type FindingsDocument = v.InferOutput<typeof findingsSchema>;
export type HostDocument = v.InferOutput<typeof hostDocumentSchema>;
export type WhereDocument = v.InferOutput<typeof whereSchema>;
export type TickDocument = v.InferOutput<typeof tickSchema>;
export type FindingDocument = v.InferOutput<typeof findingSchema>;
export type ErrorDocument = v.InferOutput<typeof errorSchema>;
