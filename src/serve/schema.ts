/**
 * The API described once: valibot schemas of every document. Types, validation and the OpenAPI document follow from these.
 * Times are RFC 3339 in UTC in documents and ms since the epoch in arrays of points. `null` is absent, never 0.
 */
import * as v from 'valibot';
import { meansOfExplaining } from '../explain/means.ts';
import { actionKinds } from '../model/action.ts';
import { runtimeNames } from '../model/advice.ts';
import { causes, stages } from '../model/cascade.ts';
import { incidentStates } from '../model/incident.ts';
import { probeKinds } from '../model/probe.ts';
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

const becauseSchema = v.object({ name: v.string(), text: v.string() });

/** How long a service takes to answer, asked from inside the server. Times in ms. */
const probeSchema = v.object({
  name: v.string(),
  kind: v.picklist(probeKinds),
  url: v.string(),
  state: v.picklist(['learning', 'healthy', 'slow', 'failing']),
  since: v.string(),
  /** The last answer; null: there was none, or none yet. */
  latencyMs: nullableNumber,
  /** Why there was none. */
  failure: v.nullable(v.string()),
  /** How long the question that is on the way has been waiting. */
  waitingMs: nullableNumber,
  /** What is usual: median, and 5th and 95th percentile. null: not known yet. */
  range: v.nullable(v.object({ lowMs: v.number(), medianMs: v.number(), highMs: v.number() })),
  slowAboveMs: v.number(),
});

/** What the server goes through: the stage of the cascade, and why it is slow where it is. */
const conditionSchema = v.object({
  stage: v.picklist(stages),
  since: v.string(),
  /** The measurements that say so. */
  because: v.array(becauseSchema),
  cause: v.nullable(v.picklist(causes)),
  also: v.array(v.picklist(causes)),
  causeBecause: v.array(becauseSchema),
  /** Why the server is slow; null: nothing is to be said. */
  sentence: v.nullable(v.string()),
  probes: v.array(probeSchema),
  loopback: v.nullable(v.object({ time: v.string(), sent: v.number(), lost: v.number(), roundTripMs: nullableNumber })),
  /** Whether stanch may read the kernel's log, without which kills are only counted. */
  seesKernelLog: v.boolean(),
});

/** The host between the last two scans: rates are per second, ratios 0 to 1. */
const vitalsSchema = v.object({
  memAvailableRatio: nullableNumber,
  swapFreeRatio: nullableNumber,
  headroomEndsMs: nullableNumber,
  memorySome: nullableNumber,
  memoryFull: nullableNumber,
  ioSome: nullableNumber,
  ioFull: nullableNumber,
  cpuSome: nullableNumber,
  swapInBytes: nullableNumber,
  swapOutBytes: nullableNumber,
  refaultBytes: nullableNumber,
  majorFaults: nullableNumber,
  directReclaims: nullableNumber,
  reclaimedBytes: nullableNumber,
  oomKills: nullableNumber,
  /** Requests of the kernel itself for memory that it could not meet, since the scan before. */
  failedAllocations: nullableNumber,
  disk: v.nullable(v.object({ name: v.string(), latencyMs: v.number(), queue: v.number(), busyRatio: v.number(), requests: v.number() })),
  runningTasks: nullableNumber,
  blockedTasks: nullableNumber,
  cpuBusyRatio: nullableNumber,
  ioWaitRatio: nullableNumber,
  stealRatio: nullableNumber,
  /** Over the last minute. */
  network: v.object({
    sentSegments: nullableNumber,
    retransmittedSegments: nullableNumber,
    retransmitRatio: nullableNumber,
    timeouts: nullableNumber,
    listenOverflows: nullableNumber,
    receiveDrops: nullableNumber,
    tcpMemoryRatio: nullableNumber,
    memoryFailures: nullableNumber,
    drops: nullableNumber,
    errors: nullableNumber,
  }),
});

const killTaskSchema = v.object({
  pid: v.number(),
  name: v.string(),
  uid: v.number(),
  residentBytes: v.number(),
  swapBytes: v.number(),
  oomScoreAdj: v.number(),
});

/** What is known of a process that was killed for want of memory. */
const postMortemSchema = v.object({
  id: v.string(),
  time: v.nullable(v.string()),
  sinceBootMs: nullableNumber,
  by: v.picklist(['kernel', 'systemd-oomd', 'earlyoom']),
  scope: v.picklist(['host', 'cgroup', 'nodes', 'unknown']),
  limitCgroup: v.nullable(v.string()),
  limitBytes: nullableNumber,
  swapTotalBytes: nullableNumber,
  swapFreeBytes: nullableNumber,
  askedBy: v.nullable(v.string()),
  sentence: v.string(),
  victim: v.object({
    name: v.string(),
    subjectId: v.nullable(v.string()),
    bytes: nullableNumber,
    pid: nullableNumber,
    task: v.string(),
    cgroup: v.nullable(v.string()),
    oomScoreAdj: nullableNumber,
  }),
  /** `from`: by stanch's own history, or only by the sizes that the kernel listed. */
  culprit: v.nullable(
    v.object({
      name: v.string(),
      subjectId: v.nullable(v.string()),
      bytes: v.number(),
      processes: nullableNumber,
      grewBytes: nullableNumber,
      overMs: nullableNumber,
      isVictim: v.boolean(),
      from: v.picklist(['history', 'task-table']),
    }),
  ),
  lost: v.array(v.string()),
  prevention: v.array(v.object({ text: v.string(), command: v.nullable(v.string()) })),
  /** What the largest processes had, at most 40 of `taskCount`. */
  tasks: v.array(killTaskSchema),
  taskCount: v.number(),
});

/** On shared hosting, the customer that a workload belongs to and a domain that says whose it is. */
const hostingEntries = { account: v.nullable(v.string()), domain: v.nullable(v.string()) };

/** One row of the table of workloads or processes. */
const subjectRowSchema = v.object({
  id: v.string(),
  kind: v.picklist(['process', 'workload', 'host', 'probe']),
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
  /** Of all workloads, whether or not they are in `subjects`. */
  leakCount: v.number(),
  suspectCount: v.number(),
  undecidedCount: v.number(),
  /** Judged workloads, as many as were asked for; what leaks first, then what is suspected, then by private memory. */
  subjects: v.array(v.object({ ...subjectVerdictSchema.entries, ...hostingEntries })),
  condition: conditionSchema,
  /** Processes killed for want of memory within the last day, latest first, at most 5. */
  kills: v.array(v.object({ id: v.string(), time: v.nullable(v.string()), sentence: v.string() })),
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

export const subjectsSchema = v.object({
  schema: v.literal('stanch.subjects/1'),
  time: v.string(),
  /** How many there are, and how many of them match the filter. */
  total: v.number(),
  matching: v.number(),
  /** Of the first of `subjects` among what matches. */
  offset: v.number(),
  subjects: v.array(subjectRowSchema),
});

/** In few words: what a list of thousands shows of each. */
const workloadRowSchema = v.object({
  ...v.pick(subjectRowSchema, [
    'id',
    'name',
    'origin',
    'user',
    'account',
    'domain',
    'privateBytes',
    'swapBytes',
    'fds',
    'threads',
    'processes',
  ]).entries,
  ...v.pick(resourceVerdictSchema, ['verdict', 'resource']).entries,
  /** Of private memory, bytes an hour; null when it may be noise. */
  growth: nullableNumber,
});

export const workloadsSchema = v.object({
  schema: v.literal('stanch.workloads/1'),
  time: v.string(),
  /** How many there are. */
  total: v.number(),
  /** By concern: what leaks first. */
  workloads: v.array(workloadRowSchema),
});

export const sparksSchema = v.object({
  schema: v.literal('stanch.sparks/1'),
  time: v.string(),
  /** As `spark` of a subject. */
  sparks: v.array(v.object({ id: v.string(), spark: v.array(nullableNumber) })),
});

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
  /** `cores`: CPU time used in a second of time. */
  unit: v.picklist(['bytes', 'count', 'cores']),
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

/** Each life of a workload from one start to the next, oldest first: what it held, by how long it had run. */
export const livesSchema = v.object({
  schema: v.literal('stanch.lives/1'),
  time: v.string(),
  subjectId: v.string(),
  lives: v.array(
    v.object({
      started: v.string(),
      /** null: it runs. */
      ended: v.nullable(v.string()),
      ageMs: v.array(v.number()),
      /** Floor of private memory, bytes. */
      floor: v.array(nullableNumber),
    }),
  ),
});

export const findingsSchema = v.object({ schema: v.literal('stanch.findings/1'), time: v.string(), findings: v.array(findingSchema) });

export const hostDocumentSchema = v.object({
  schema: v.literal('stanch.host/1'),
  time: v.string(),
  host: hostSchema,
  verdict: subjectVerdictSchema,
  condition: conditionSchema,
  /** null: before the second scan. */
  vitals: v.nullable(vitalsSchema),
});

/** The host over a range, parallel arrays: what the cascade does to it. Of memory and swap means, of the rest the worst of each bucket. */
export const hostHistorySchema = v.object({
  schema: v.literal('stanch.host-history/1'),
  time: v.string(),
  bucketMs: v.number(),
  timeMs: v.array(v.number()),
  memTotalBytes: nullableNumber,
  swapTotalBytes: nullableNumber,
  /** RAM without what can be had back at once. */
  memoryBytes: v.array(nullableNumber),
  swapBytes: v.array(nullableNumber),
  /** Share of time in which everything waited for memory, 0 to 1. */
  stallRatio: v.array(nullableNumber),
  /** Of the disk that is waited for most. */
  diskLatencyMs: v.array(nullableNumber),
  /** Of all CPUs, 0 to 1. */
  cpuRatio: v.array(nullableNumber),
  stage: v.array(v.nullable(v.picklist(stages))),
  /** Of the services that are asked now. */
  probes: v.array(v.object({ name: v.string(), url: v.string(), slowAboveMs: v.number(), latencyMs: v.array(nullableNumber) })),
  /** Private memory of the one that was asked for; null: none was. */
  subjectBytes: v.nullable(v.array(nullableNumber)),
});

/** What was begun. */
export const idSchema = v.object({ id: v.string() });

const planSchema = v.object({
  kind: v.picklist(actionKinds),
  subjectId: v.string(),
  subjectName: v.string(),
  reason: v.string(),
  /** What is done, in this order, in words. */
  steps: v.array(v.string()),
  risk: v.nullable(v.string()),
  undoable: v.boolean(),
  expectedBytes: nullableNumber,
});

const actionSchema = v.object({
  id: v.string(),
  time: v.string(),
  by: v.string(),
  plan: planSchema,
  state: v.picklist(['running', 'done', 'failed', 'undone', 'interrupted']),
  stepsDone: v.number(),
  error: v.nullable(v.string()),
  ended: v.nullable(v.string()),
  /** What it brought, as measured. */
  proof: v.nullable(
    v.object({
      helped: v.boolean(),
      sentence: v.string(),
      beforeBytes: v.number(),
      afterBytes: v.number(),
      boughtMs: nullableNumber,
      probes: v.array(v.object({ name: v.string(), recovered: v.boolean() })),
    }),
  ),
});

export const actionsSchema = v.object({
  schema: v.literal('stanch.actions/1'),
  time: v.string(),
  /** Latest first. */
  actions: v.array(actionSchema),
  /** Plans that wait for somebody to agree, or were suggested. */
  proposals: v.array(v.object({ id: v.string(), time: v.string(), state: v.picklist(['waits', 'suggested']), plan: planSchema })),
});

const costSchema = v.object({ cpuSeconds: v.number(), rssBytes: v.number(), wallMs: v.number() });
const evidenceSubjectSchema = v.object({
  pid: v.number(),
  startTimeTicks: v.number(),
  subjectId: v.nullable(v.string()),
  name: v.string(),
});

/** What they do to the process is in the plan; `memory` does nothing to it. */
export const meansSchema = v.picklist(meansOfExplaining);

/** What grows in one process, and who holds it. */
export const evidenceSchema = v.object({
  schema: v.literal('stanch.evidence/1'),
  id: v.string(),
  takenAtMs: v.number(),
  subject: evidenceSubjectSchema,
  runtime: v.string(),
  /** One paragraph. */
  answer: v.string(),
  /** Most first; empty when nothing grows. */
  grows: v.array(
    v.object({
      type: v.string(),
      place: v.nullable(v.string()),
      counts: v.tuple([v.number(), v.number(), v.number()]),
      /** It is a line that allocates: counted are bytes that are still there, and the path is who called it. */
      isAllocation: v.optional(v.boolean()),
      isOneBlock: v.optional(v.boolean()),
      /** It is a script of PHP-FPM: counted are its requests that were seen alone, and the path is where they ran. */
      isScript: v.optional(v.boolean()),
      bytesPerSecond: v.number(),
      survival: v.nullable(v.number()),
      owner: v.nullable(v.string()),
      path: v.array(v.string()),
      pattern: v.nullable(v.object({ name: v.string(), meaning: v.string(), fix: v.string() })),
      contents: v.array(v.string()),
    }),
  ),
  notes: v.array(v.string()),
  intervalMs: v.number(),
  estimate: costSchema,
  cost: costSchema,
  hasTexts: v.boolean(),
});

export const evidenceListSchema = v.object({
  schema: v.literal('stanch.evidence-list/1'),
  time: v.string(),
  /** Running, or the last one since the start. */
  job: v.nullable(
    v.object({
      subject: evidenceSubjectSchema,
      means: meansSchema,
      /** Of PHP-FPM, all workers of which are looked at. */
      pool: v.nullable(v.string()),
      startedMs: v.number(),
      estimate: costSchema,
      done: v.number(),
      /** What was last done to the process beyond reading its memory. */
      says: v.nullable(v.string()),
      state: v.picklist(['running', 'done', 'failed', 'cancelled']),
      evidenceId: v.nullable(v.string()),
      error: v.nullable(v.string()),
    }),
  ),
  /** Latest first. */
  evidence: v.array(evidenceSchema),
});

/** What an explanation would do to a process and to the server; nothing was done. */
export const evidencePlanSchema = v.object({
  schema: v.literal('stanch.evidence-plan/1'),
  time: v.string(),
  subject: evidenceSubjectSchema,
  means: meansSchema,
  /** Of PHP-FPM: all of its workers are looked at, again and again. Null: three looks at the process. */
  pool: v.nullable(v.string()),
  /** Of stanch's own child. */
  estimate: costSchema,
  /** What is done to the process beyond reading its memory; null: nothing. */
  does: v.nullable(v.string()),
  /** Means that this process allows, the cheapest first. */
  allowed: v.array(meansSchema),
  /** null: the system does not say. `neededBytes`: with less, nothing is begun. */
  headroom: v.nullable(v.object({ bytes: v.number(), neededBytes: v.number(), wall: v.string(), isEnough: v.boolean() })),
});

export const killsSchema = v.object({ schema: v.literal('stanch.kills/1'), time: v.string(), kills: v.array(postMortemSchema) });

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

const severitySchema = v.picklist(['info', 'warning', 'critical']);

const incidentRowSchema = v.object({
  id: v.string(),
  /** Culprit, resource and time left, as of `time`. */
  title: v.string(),
  /** null: nobody is known to cause it. */
  subjectId: v.nullable(v.string()),
  subjectName: v.string(),
  state: v.picklist(incidentStates),
  stateSince: v.string(),
  severity: severitySchema,
  opened: v.string(),
  lastSeen: v.string(),
  silencedUntil: v.nullable(v.string()),
  owner: v.nullable(v.string()),
  /** How often it came back. */
  recurrences: v.number(),
  resource: v.nullable(v.string()),
  exhaustion: v.nullable(exhaustionSchema),
  /** What stands beside the verdict. */
  concerns: v.array(v.string()),
});

export const incidentsSchema = v.object({
  schema: v.literal('stanch.incidents/1'),
  time: v.string(),
  /** Open ones first, then the latest. */
  incidents: v.array(incidentRowSchema),
});

export const incidentSchema = v.object({
  schema: v.literal('stanch.incident/1'),
  time: v.string(),
  incident: incidentRowSchema,
  verdict: v.nullable(resourceVerdictSchema),
  findingIds: v.array(v.string()),
  timeline: v.array(
    v.object({
      time: v.string(),
      kind: v.picklist(['finding', 'stage', 'probe', 'kill', 'action', 'evidence', 'change']),
      subjectId: v.nullable(v.string()),
      severity: severitySchema,
      text: v.string(),
    }),
  ),
  /** Left out from the middle of a long timeline. */
  droppedEvents: v.number(),
  notes: v.array(v.object({ time: v.string(), by: v.string(), text: v.string() })),
  /** Who was told. */
  messages: v.array(
    v.object({
      time: v.string(),
      channel: v.string(),
      kind: v.string(),
      state: v.picklist(['pending', 'sent', 'given-up']),
      attempts: v.number(),
      error: v.nullable(v.string()),
    }),
  ),
});

/** Everything that whoever is to fix it needs; the Markdown and HTML of it are made of this. */
export const reportSchema = v.object({
  schema: v.literal('stanch.report/1'),
  time: v.string(),
  version: v.string(),
  hostName: v.string(),
  memTotalBytes: nullableNumber,
  incident: incidentSchema,
  /** The culprit over the time of the incident and before, and the room left on the host meanwhile. */
  series: v.nullable(seriesSchema),
  headroom: v.nullable(seriesSchema),
  /** What it holds open, where that was looked at. */
  openFiles: v.nullable(openFilesSchema),
  /** What is to be done, and how to see that it is done. */
  next: v.array(v.object({ text: v.string(), command: v.nullable(v.string()) })),
});

export const notifyTestSchema = v.object({
  schema: v.literal('stanch.notify-test/1'),
  time: v.string(),
  /** `error` null: it was taken. */
  channels: v.array(v.object({ channel: v.string(), kind: v.string(), error: v.nullable(v.string()) })),
});

/** Who did what, latest first. */
export const auditLogSchema = v.object({
  schema: v.literal('stanch.audit-log/1'),
  time: v.string(),
  entries: v.array(
    v.object({ time: v.string(), by: v.string(), address: v.string(), action: v.string(), subject: v.string(), detail: v.string() }),
  ),
});

const leakSchema = v.nullable(v.object({ perHour: v.number(), low: v.number(), high: v.number() }));

/** What to set, with its arithmetic; the file as it is and as it is to be. */
const recommendationSchema = v.object({
  id: v.string(),
  title: v.string(),
  settings: v.array(v.object({ name: v.string(), now: v.nullable(v.string()), live: v.nullable(v.string()), advised: v.string() })),
  reason: v.string(),
  arithmetic: v.array(v.string()),
  /** What raising a limit would buy, where it leaks. */
  buys: v.nullable(v.string()),
  change: v.nullable(v.object({ path: v.string(), before: v.nullable(v.string()), after: v.string() })),
  /** Lines of the change as `diff -u` shows them; empty without one. */
  diff: v.array(v.string()),
  line: v.string(),
  place: v.string(),
  inForce: v.array(
    v.variant('do', [
      v.object({ do: v.literal('reload-systemd') }),
      v.object({ do: v.literal('unit'), verb: v.picklist(['restart', 'reload']), unit: v.string() }),
    ]),
  ),
  apply: v.array(v.string()),
  undo: v.array(v.string()),
  risk: v.nullable(v.string()),
});

export const adviceSchema = v.object({
  schema: v.literal('stanch.advice/1'),
  time: v.string(),
  advice: v.array(
    v.object({
      subjectId: v.string(),
      subjectName: v.string(),
      unit: v.nullable(v.string()),
      runtime: v.nullable(v.picklist(runtimeNames)),
      measured: v.string(),
      recommendations: v.array(recommendationSchema),
      /** The measured numbers. */
      basis: v.object({
        historyMs: v.number(),
        peakBytes: nullableNumber,
        healthyBytes: nullableNumber,
        peakTasks: nullableNumber,
        peakFds: nullableNumber,
        cpuSecondsPerHour: nullableNumber,
        requestsPerHour: nullableNumber,
        verdict: v.nullable(v.picklist(['leak', 'suspect', 'no-leak', 'undecided'])),
        class: v.nullable(v.string()),
        leaks: v.object({ memory: leakSchema, fds: leakSchema, threads: leakSchema }),
      }),
      /** What could not be known, and what would make it known. */
      unknown: v.array(v.string()),
    }),
  ),
});

/** What changed when a leak began, best first; and, where it was started anew since, whether that ended it. */
export const sinceSchema = v.object({
  schema: v.literal('stanch.since/1'),
  time: v.string(),
  subjects: v.array(
    v.object({
      subjectId: v.string(),
      subjectName: v.string(),
      onset: v.string(),
      /** null: nothing that changed fits. */
      sentence: v.nullable(v.string()),
      changes: v.array(
        v.object({
          time: v.string(),
          kind: v.picklist(['package', 'unit', 'config', 'executable', 'application', 'restart', 'reboot', 'cron']),
          name: v.string(),
          text: v.string(),
          source: v.string(),
          /** 0 to 1. */
          fit: v.number(),
        }),
      ),
      fix: v.nullable(
        v.object({
          restart: v.string(),
          /** What was changed before the restart; null: nothing that stanch knows of, so that it is the same build. */
          newBuild: v.nullable(v.string()),
          word: v.picklist(['gone', 'slower', 'same', 'unknown']),
          probability: nullableNumber,
          beforePerHour: nullableNumber,
          afterPerHour: nullableNumber,
          sentence: v.string(),
        }),
      ),
    }),
  ),
});

/** How well the server is set up against running out of memory. */
export const auditSchema = v.object({
  schema: v.literal('stanch.audit/1'),
  time: v.string(),
  /** 0 to 100: the weight of what is right against the weight of all that could be seen. */
  score: v.number(),
  checks: v.array(
    v.object({
      id: v.string(),
      title: v.string(),
      state: v.picklist(['good', 'warning', 'bad', 'unknown']),
      found: v.string(),
      fixes: v.array(v.object({ text: v.string(), command: v.string(), risk: v.string() })),
    }),
  ),
  /** What could not be seen. */
  notices: v.array(v.string()),
});

/** What holds, with what it means, where it comes from and how to change it. Secrets are not in it. */
export const settingsSchema = v.object({
  schema: v.literal('stanch.settings/1'),
  time: v.string(),
  /** Where the configuration is, or would be; null: the program that runs stanch decides. */
  file: v.nullable(v.object({ path: v.string(), isThere: v.boolean() })),
  settings: v.array(
    v.object({
      key: v.string(),
      meaning: v.string(),
      value: v.string(),
      from: v.picklist(['default', 'file', 'flag', 'program']),
      /** In the file. */
      line: nullableNumber,
      /** Of the command line. */
      flag: v.nullable(v.string()),
      /** Changed in the file, and in force after a restart. */
      waits: v.boolean(),
      /** Lines for the file. */
      example: v.string(),
    }),
  ),
  channels: v.array(
    v.object({
      name: v.string(),
      kind: v.string(),
      to: v.string(),
      leastSeverity: severitySchema,
      step: v.number(),
      hours: v.nullable(v.string()),
    }),
  ),
  /** Lines for the file that make a channel. */
  channelExample: v.string(),
  /** What to call after a change. */
  apply: v.array(v.string()),
});

/** What whoever asks may do; null: nothing any more. */
export const sessionSchema = v.object({
  schema: v.literal('stanch.session/1'),
  right: v.nullable(v.picklist(['read', 'act'])),
  by: v.nullable(v.picklist(['token', 'session', 'loopback'])),
});

export const errorSchema = v.object({ code: v.string(), expected: v.string(), found: v.string(), next: v.string() });

export type StatusDocument = v.InferOutput<typeof statusSchema>;
export type SubjectsDocument = v.InferOutput<typeof subjectsSchema>;
export type SubjectRow = v.InferOutput<typeof subjectRowSchema>;
export type WorkloadsDocument = v.InferOutput<typeof workloadsSchema>;
export type WorkloadRow = v.InferOutput<typeof workloadRowSchema>;
export type SparksDocument = v.InferOutput<typeof sparksSchema>;
export type SubjectDetailDocument = v.InferOutput<typeof subjectDetailSchema>;
export type SeriesDocument = v.InferOutput<typeof seriesSchema>;
export type LivesDocument = v.InferOutput<typeof livesSchema>;
export type FindingsDocument = v.InferOutput<typeof findingsSchema>;
export type HostDocument = v.InferOutput<typeof hostDocumentSchema>;
export type HostHistoryDocument = v.InferOutput<typeof hostHistorySchema>;
export type ActionsDocument = v.InferOutput<typeof actionsSchema>;
export type EvidenceListDocument = v.InferOutput<typeof evidenceListSchema>;
export type EvidencePlanDocument = v.InferOutput<typeof evidencePlanSchema>;
export type KillsDocument = v.InferOutput<typeof killsSchema>;
export type PostMortemDocument = v.InferOutput<typeof postMortemSchema>;
export type WhereDocument = v.InferOutput<typeof whereSchema>;
export type TickDocument = v.InferOutput<typeof tickSchema>;
export type FindingDocument = v.InferOutput<typeof findingSchema>;
export type ErrorDocument = v.InferOutput<typeof errorSchema>;
export type IncidentRow = v.InferOutput<typeof incidentRowSchema>;
export type IncidentsDocument = v.InferOutput<typeof incidentsSchema>;
export type IncidentDocument = v.InferOutput<typeof incidentSchema>;
export type ReportDocument = v.InferOutput<typeof reportSchema>;
export type AuditDocument = v.InferOutput<typeof auditLogSchema>;
export type AdviceDocument = v.InferOutput<typeof adviceSchema>;
export type SinceDocument = v.InferOutput<typeof sinceSchema>;
export type SettingsDocument = v.InferOutput<typeof settingsSchema>;
export type SessionDocument = v.InferOutput<typeof sessionSchema>;
export type HardeningDocument = v.InferOutput<typeof auditSchema>;
