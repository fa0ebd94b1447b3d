/**
 * What explaining a process would do to it and cost, told before anything is done, and whether it can be done and there is room for it. Whoever begins
 * one afterwards, on the command line or by the page, does it by this.
 */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { StanchError } from '../model/errors.ts';
import type { EvidenceCost, EvidenceSubject } from '../model/evidence.ts';
import { estimateFor, type Headroom, memoryCapBytes, ownBytes, readHeadroom, requireHeadroom, runtimeOf } from './cost.ts';
import type { EvidenceFolder } from './evidenceFolder.ts';
import type { ExplainRequest } from './explainProcess.ts';
import { attachableJvm } from './jvm/hotspotAttach.ts';
import { requireRecorderRoom, samplesCostText } from './jvm/sampleMeans.ts';
import { type Means, meansOfExplaining } from './means.ts';
import { inspectorCostText, requireInspectable } from './node/inspectorMeans.ts';
import { snapshotCost } from './node/snapshotCost.ts';
import { requireRoom, snapshotCostText } from './node/snapshotMeans.ts';
import { openTarget } from './openTarget.ts';
import { poolOfWorker } from './php/fpmTitle.ts';
import type { TargetMemory } from './targetMemory.ts';
import { probesCostText, requireProbeable } from './uprobes/uprobeMeans.ts';

/** Beyond the estimate: a busy server, and what stands still until its snapshot is written. */
const mostLateMs = 120_000;
const mostSnapshotMs = 600_000;

export interface ExplainPlan {
  subject: EvidenceSubject;
  means: Means;
  /** Of PHP-FPM: all of its workers are looked at, again and again. Null: three looks at the process. */
  pool: string | null;
  /** Between two looks. */
  intervalMs: number;
  estimate: EvidenceCost;
  /** What is done to the process beyond reading its memory, in words; null: nothing. */
  does: string | null;
  /** null: the system does not say. */
  headroom: Headroom | null;
}

/** Counts the pages of the process, and does nothing else. Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED, STANCH_E_NOT_POSSIBLE by these means. */
export function planFor(subject: EvidenceSubject, intervalMs: number, means: Means): ExplainPlan {
  const memory = openTarget(subject);
  try {
    requireMeans(memory, means);
    const estimate = estimateFor(memory, intervalMs, means);
    return {
      subject,
      means,
      pool: means === 'memory' ? poolOfWorker(subject.pid) : null,
      intervalMs,
      estimate,
      does: doesTo(memory, means, intervalMs),
      headroom: readHeadroom(estimate.rssBytes),
    };
  } finally {
    memory.close();
  }
}

/** The means that a process allows, the cheapest first, for whoever offers the choice. Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED. */
export function meansAllowed(subject: EvidenceSubject): Means[] {
  const memory = openTarget(subject);
  try {
    return meansOfExplaining.filter((each) => isOffered(memory, each));
  } finally {
    memory.close();
  }
}

/** Right before it begins: room for it, and the names of what is there only meanwhile. Errors: STANCH_E_BUDGET, STANCH_E_OUTPUT. */
export function requestFor(
  { subject, means, intervalMs, estimate }: ExplainPlan,
  folder: EvidenceFolder,
  showTexts: boolean,
): ExplainRequest {
  requireHeadroom(estimate.rssBytes);
  const request = { subject, intervalMs, showTexts, means };
  if (means === 'samples') {
    requireRecorderRoom(subject.pid);
    return { ...request, recordingName: randomBytes(8).toString('hex') };
  }
  if (means !== 'snapshot') return request;
  const scratchPath = folder.scratchPath(Date.now());
  requireRoom(subject.pid, snapshotCost(ownBytes(subject)), dirname(scratchPath));
  return { ...request, scratchPath };
}

/** The child is ended when it takes more. */
export function limitsOf({ means, estimate }: ExplainPlan): { deadlineMs: number; memoryCapBytes: number } {
  const deadlineMs = estimate.wallMs + mostLateMs + (means === 'snapshot' ? mostSnapshotMs : 0);
  return { deadlineMs, memoryCapBytes: memoryCapBytes(estimate) };
}

function requireMeans(memory: TargetMemory, means: Means): void {
  if (means === 'inspector' || means === 'snapshot') requireInspectable(memory.pid);
  if (means === 'samples') attachableJvm(memory.pid);
  if (means === 'uprobes') requireProbeable(memory);
}

/** Also to what a runtime with a heap of its own allocates beside it there may be probes; but what it leaks is seldom there. */
function isOffered(memory: TargetMemory, means: Means): boolean {
  if (means === 'uprobes' && runtimeOf(memory) !== 'native') return false;
  try {
    requireMeans(memory, means);
    return true;
  } catch (error) {
    if (error instanceof StanchError) return false;
    throw error;
  }
}

function doesTo(memory: TargetMemory, means: Means, intervalMs: number): string | null {
  if (means === 'inspector') return inspectorCostText(2 * intervalMs);
  if (means === 'snapshot') return snapshotCostText(snapshotCost(ownBytes(memory)));
  if (means === 'samples') return samplesCostText;
  return means === 'uprobes' ? probesCostText : null;
}
