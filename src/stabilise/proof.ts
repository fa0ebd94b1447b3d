/** Whether an action helped, from what was measured before it and a while after. Pure. */
import type { ActionPlan, ActionProof } from '../model/action.ts';
import { formatBytes, formatDuration } from '../model/units.ts';

export interface Measured {
  /** Private memory of the workload, all its processes together. */
  privateBytes: number;
  /** Any process of it is there. */
  runs: boolean;
  /** MemAvailable and free swap of the host; null: not known. */
  headroomBytes: number | null;
  /** Of the host: shared memory and files in tmpfs, which end with no process; null: not known. */
  sharedBytes: number | null;
  memTotalBytes: number | null;
}

const hourMs = 3_600_000;
/** What must come back of what was expected. */
const leastShare = 0.5;
/** And be worth it: a restart of a process that keeps its data in tmpfs gives back what the process held, and not the files. */
const leastBack = { bytes: 16 << 20, ofTotal: 0.01, atMost: 64 << 20 };
/** So much of RAM in shared memory and tmpfs is worth a look. */
const muchShared = 0.1;

export function proofOf(
  plan: ActionPlan,
  before: Measured,
  after: Measured,
  afterMs: number,
  bytesPerHour: number | null,
  probes: ActionProof['probes'],
): ActionProof {
  const freedBytes = before.privateBytes - after.privateBytes;
  const gained = before.headroomBytes === null || after.headroomBytes === null ? null : after.headroomBytes - before.headroomBytes;
  const boughtMs = bytesPerHour !== null && bytesPerHour > 0 && freedBytes > 0 ? (freedBytes / bytesPerHour) * hourMs : null;
  const wanted = plan.expectedBytes;
  const isGone = comesBack(plan) && before.runs && !after.runs;
  const cameBack = wanted === null || (freedBytes >= leastShare * wanted && freedBytes >= worthwhile(before));
  const helped = cameBack && !isGone;
  return {
    beforeBytes: before.privateBytes,
    afterBytes: after.privateBytes,
    availableBeforeBytes: before.headroomBytes,
    availableAfterBytes: after.headroomBytes,
    afterMs,
    boughtMs,
    probes,
    helped,
    sentence: [
      isGone ? `${plan.subjectName} was not seen running again: look whether it starts.` : '',
      sizes(before, after, wanted),
      cameBack ? hostText(gained, freedBytes, wanted) : whereText(before, after),
      timeText(boughtMs),
      probeText(probes),
    ]
      .filter((text) => text !== '')
      .join(' '),
  };
}

/** What is restarted is meant to run afterwards: its memory alone, with nobody there, is no help. */
export function comesBack({ kind }: ActionPlan): boolean {
  return kind === 'restart' || kind === 'recycle';
}

function worthwhile({ memTotalBytes }: Measured): number {
  return Math.max(leastBack.bytes, Math.min(leastBack.atMost, leastBack.ofTotal * (memTotalBytes ?? 0)));
}

function sizes(before: Measured, after: Measured, wanted: number | null): string {
  const change = `${formatBytes(before.privateBytes)} before, ${formatBytes(after.privateBytes)} after.`;
  return wanted === null ? `It holds ${formatBytes(after.privateBytes)}.` : change;
}

function whereText(before: Measured, after: Measured): string {
  const shared = sharedText(before, after);
  if (after.privateBytes >= leastShare * before.privateBytes && after.privateBytes >= leastBack.bytes) {
    const again = 'It holds as much again already, so this is no cure: limit it, or mend it.';
    return shared === null ? again : `${again} And ${shared}: stanch where.`;
  }
  return `What fills the memory is elsewhere: ${shared === null ? '' : `${shared}: `}stanch where.`;
}

function sharedText(before: Measured, { sharedBytes, memTotalBytes }: Measured): string | null {
  const isMuch = sharedBytes !== null && memTotalBytes !== null && sharedBytes >= muchShared * memTotalBytes;
  if (!isMuch || sharedBytes < (before.sharedBytes ?? 0)) return null;
  return `${formatBytes(sharedBytes)} are shared memory and files in tmpfs, which no restart gives back`;
}

function hostText(gained: number | null, freedBytes: number, wanted: number | null): string {
  if (wanted === null) return '';
  if (gained === null) return '';
  return gained >= freedBytes / 2 ? `The server has ${formatBytes(gained)} more to spare.` : 'Others took memory in the same time.';
}

function timeText(boughtMs: number | null): string {
  return boughtMs === null ? '' : `At its rate that lasts ${formatDuration(boughtMs)}.`;
}

function probeText(probes: ActionProof['probes']): string {
  if (probes.length === 0) return '';
  const still = probes.filter(({ recovered }) => !recovered).map(({ name }) => name);
  return still.length === 0 ? `${probes.map(({ name }) => name).join(', ')} answer as usual again.` : `Still slow: ${still.join(', ')}.`;
}
