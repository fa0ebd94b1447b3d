/** Three looks at one process, or many at a pool of PHP-FPM, and the comparison of them. Runs in a child process of its own: see runExplain.ts. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StanchError } from '../model/errors.ts';
import type { Evidence, EvidenceCost, EvidenceSubject } from '../model/evidence.ts';
import { answerOf, growingParts } from './answer.ts';
import { type BesideHeap, besideHeap, besideTexts } from './besideHeap.ts';
import { estimateFor, ownBytes } from './cost.ts';
import { type HeapReader, looksOfHeap } from './heapReader.ts';
import { programOf, startTimeOf } from './identity.ts';
import { attachableJvm } from './jvm/hotspotAttach.ts';
import { addSamples } from './jvm/sampleMeans.ts';
import type { Means } from './means.ts';
import { profileByInspector, requireInspectable } from './node/inspectorMeans.ts';
import { snapshotCost } from './node/snapshotCost.ts';
import { answerBySnapshot, pathInSnapshot, snapshotNotes, snapshotSentence } from './node/snapshotMeans.ts';
import { openHeap } from './openHeap.ts';
import { type OpenSockets, openSockets, socketGrowth, socketsText, withSockets } from './openSockets.ts';
import { gone, openTarget } from './openTarget.ts';
import { poolAnswer, poolNotes, poolParts } from './php/fpmAnswer.ts';
import { type FpmPool, openFpmPool } from './php/fpmPool.ts';
import { watchPool } from './php/watchPool.ts';
import type { TargetMemory } from './targetMemory.ts';
import { addSites, requireProbeable } from './uprobes/uprobeMeans.ts';

export interface ExplainRequest {
  subject: EvidenceSubject;
  /** Between two looks. */
  intervalMs: number;
  /** Texts out of the memory of the process as they are. */
  showTexts: boolean;
  /** `memory` unless the owner chose otherwise: it touches nothing. */
  means?: Means;
  /** Of a file that is only there while the means needs one: in the folder of evidence. */
  scratchPath?: string;
  /** Of the flight recording, while the means needs one; hex digits. */
  recordingName?: string;
}

/** Before a fourth look, which says of what goes by whom it was held: that needs no longer than this. */
const mostFourthMs = 30_000;

/** Called before each look and before the comparison, with what is done of it, 0 to 1; and with what is about to be done to the process. */
type OnProgress = (done: number, says?: string | null) => void;

/** Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED, STANCH_E_NOT_POSSIBLE. */
export async function explainProcess(request: ExplainRequest, onProgress: OnProgress): Promise<Evidence> {
  const startedMs = performance.now();
  const memory = openTarget(request.subject);
  try {
    const estimate = estimateFor(memory, request.intervalMs, request.means);
    return evidenceOf(request, await look(memory, request, onProgress), estimate, startedMs);
  } finally {
    memory.close();
  }
}

async function look(memory: TargetMemory, request: ExplainRequest, onProgress: OnProgress): Promise<Found> {
  const pool = openFpmPool(request.subject.pid);
  if (request.means === 'inspector') return lookByInspector(request, onProgress);
  if (request.means === 'snapshot') return lookWithSnapshot(memory, request, onProgress);
  return pool === null || request.means === 'uprobes' ? lookAtHeap(memory, request, onProgress) : lookAtPool(pool, request, onProgress);
}

type Found = Pick<Evidence, 'runtime' | 'answer' | 'grows' | 'notes'>;

async function lookAtHeap(
  memory: TargetMemory,
  { subject, intervalMs, showTexts, means, recordingName }: ExplainRequest,
  onProgress: OnProgress,
): Promise<Found> {
  const startedMs = performance.now();
  const program = programOf(subject.pid);
  const glibc = means === 'uprobes' ? requireProbeable(memory) : null;
  if (means === 'samples') attachableJvm(subject.pid);
  const heap = glibc ?? openHeapOf(memory);
  const held: number[] = [];
  const open: (OpenSockets | null)[] = [];
  const beside: (BesideHeap | null)[] = [];
  const lookAgain = () => {
    if (startTimeOf(subject.pid) !== subject.startTimeTicks) throw gone(subject);
    heap.look();
    if (programOf(subject.pid) !== program) throw gone(subject);
  };
  for (let look = 0; look < looksOfHeap; look += 1) {
    if (look > 0) await sleep(intervalMs);
    onProgress(look / looksOfHeap);
    held.push(ownBytes(memory));
    open.push(openSockets(subject.pid));
    beside.push(besideHeap(subject.pid));
    lookAgain();
  }
  const spanMs = performance.now() - startedMs;
  onProgress(0.9);
  if (heap.needsLook?.() === true) {
    await sleep(Math.min(intervalMs, mostFourthMs));
    lookAgain();
  }
  const sockets = socketGrowth(open);
  const things = heap.growing().map((thing) => (sockets === null ? thing : withSockets(thing, sockets)));
  const says = (text: string) => onProgress(0.9, text);
  const placing = async () => {
    if (things.length > 0 && glibc !== null) return addSites(memory, glibc, things, { intervalMs, says });
    if (things.length > 0 && recordingName !== undefined) return addSamples(subject.pid, things, { name: recordingName, intervalMs, says });
    return { things, notes: [] };
  };
  const { things: placed, notes } = await placing();
  const grows = growingParts(placed, Math.max(intervalMs, spanMs / (looksOfHeap - 1)), showTexts);
  const { runtime, isPartial = false }: HeapReader = heap;
  const answer = answerOf(grows, { name: subject.name, runtime, isPartial, spanMs, grewBytes: grewBothTimes(held) });
  const kernelSays = [...(sockets === null ? [] : [socketsText(sockets)]), ...besideTexts(beside)];
  // Where nothing grows in the heap, it is the answer.
  const isAnswer = grows.length === 0;
  return {
    runtime,
    grows,
    answer: isAnswer ? [answer, ...kernelSays].join(' ') : answer,
    notes: [...(isAnswer ? [] : kernelSays), ...notes, ...(heap.notes?.() ?? [])],
  };
}

/** Of its memory at the looks: by how much it became more; 0 where it did not both times. */
function grewBothTimes([first = 0, second = 0, third = 0]: readonly number[]): number {
  return second > first && third > second ? third - first : 0;
}

/** Where what grows is allocated, which its memory does not say. */
async function lookByInspector({ subject, intervalMs, showTexts }: ExplainRequest, onProgress: OnProgress): Promise<Found> {
  const grows = growingParts(await profileByInspector(subject.pid, intervalMs, onProgress), intervalMs, showTexts);
  const runtime = 'Node, by its inspector';
  const notes = [
    'Counted is what of that which was allocated meanwhile is still there, by sample. The inspector was opened for it, and is closed again.',
  ];
  return { runtime, grows, answer: answerOf(grows, { name: subject.name, runtime, spanMs: 2 * intervalMs, grewBytes: 0 }), notes };
}

/** What grows says its memory; what keeps it, and what is large beside it, the snapshot. */
async function lookWithSnapshot(memory: TargetMemory, request: ExplainRequest, onProgress: OnProgress): Promise<Found> {
  const { subject, scratchPath, showTexts } = request;
  if (scratchPath === undefined) throw new Error('a snapshot without a place for it');
  requireInspectable(subject.pid);
  const found = await lookAtHeap(memory, request, onProgress);
  if (startTimeOf(subject.pid) !== subject.startTimeTicks) throw gone(subject);
  onProgress(0.9, 'takes the heap snapshot: the process stands still now');
  const snapshot = await answerBySnapshot(subject.pid, snapshotCost(ownBytes(memory)), scratchPath, showTexts);
  return {
    ...found,
    runtime: `${found.runtime}, with a heap snapshot`,
    answer: `${found.answer} ${snapshotSentence(snapshot)}`,
    grows: found.grows.map((part) => ({ ...part, path: pathInSnapshot(snapshot, part.type) ?? part.path })),
    notes: [...snapshotNotes(snapshot), 'The inspector was opened for it, and is closed again; the snapshot is removed.', ...found.notes],
  };
}

/** Its workers come and go: what is looked at is the pool. */
async function lookAtPool(pool: FpmPool, { intervalMs }: ExplainRequest, onProgress: OnProgress): Promise<Found> {
  try {
    const seen = await watchPool(pool, 2 * intervalMs, onProgress);
    return { runtime: 'PHP-FPM', grows: poolParts(seen), answer: poolAnswer(seen), notes: poolNotes(seen) };
  } finally {
    pool.close();
  }
}

function evidenceOf({ subject, intervalMs, showTexts }: ExplainRequest, found: Found, estimate: EvidenceCost, startedMs: number): Evidence {
  const takenAtMs = Date.now();
  const { user, system } = process.cpuUsage();
  return {
    schema: 'stanch.evidence/1',
    id: `${new Date(takenAtMs).toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`,
    takenAtMs,
    subject,
    ...found,
    intervalMs,
    estimate,
    cost: { cpuSeconds: (user + system) / 1e6, rssBytes: process.resourceUsage().maxRSS * 1024, wallMs: performance.now() - startedMs },
    hasTexts: showTexts,
  };
}

function openHeapOf(memory: TargetMemory): HeapReader {
  const heap = openHeap(memory);
  if (heap !== null && !('why' in heap)) return heap;
  throw new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: 'a process whose heap can be read from outside',
    found: heap === null ? 'one without memory of its own' : `${heap.runtime}: ${heap.why}`,
    next: 'Where all of the memory is: stanch where',
  });
}
