/**
 * Why the server answers slowly, in one sentence that names memory, network, disk or CPU with the numbers for it, and the numbers that
 * clear the others. Pure.
 *
 * The order matters. A server short of memory reads and writes its disk for it, keeps its CPUs busy with reclaim, and lets its clients
 * send again: so memory is asked first, by what only a lack of memory of the host brings (`isShort`). Packets that are lost are no
 * consequence of busy CPUs or a slow disk, so the network comes next, by what only lost packets bring: segments of standing connections
 * sent again, and packets to oneself that do not arrive. Busy CPUs come before the disk: they slow every request down, while a slow disk
 * leaves CPUs idle.
 */
import { type Because, type Cause, causes, type Stage, type Vitals } from '../model/cascade.ts';
import type { LoopbackState, ProbeState } from '../model/probe.ts';
import { isValue } from '../model/reading.ts';
import { formatBytes, formatMs, formatPercent } from '../model/units.ts';
import { availableText, fullText, isShort, movement, over, stageOf } from './stage.ts';

export interface Symptoms {
  stage: Stage;
  vitals: Vitals;
  probes: readonly ProbeState[];
  loopback: LoopbackState | null;
  /** A cgroup that waits for memory at its own limit, where one was found. */
  throttled: ThrottledCgroup | null;
}

export interface ThrottledCgroup {
  path: string;
  /** Share of the last 10 s in which some of its tasks waited for memory. */
  pressureSome: number;
  usageBytes: number | null;
  limitBytes: number | null;
}

export interface Conclusion {
  /** Null: nothing is slow, and nothing of the host is short. */
  cause: Cause | null;
  /** Others that are short as well. */
  also: Cause[];
  /** What speaks for the cause. */
  because: Because[];
  sentence: string | null;
}

type HostCause = Exclude<Cause, 'service'>;

const stallFull = 0.05;
const swapInASecond = 128 * 1024;
const retransmitShare = { whileSlow: 0.03, whileWell: 0.06 };
const retransmitsASecond = 0.1;
const loopbackLoss = 0.1;
const loopbackSlowMs = 30;
const dropsASecond = 20;
const tcpMemoryFull = 0.95;
const cpuSome = 0.4;
const cpuBusy = 0.85;
const tasksPerCpu = 1.5;
const stolen = 0.2;
const diskLatencyMs = 40;
const diskQueue = 1.5;
const ioSome = 0.15;
const ioSomeAlone = 0.3;

export function conclude(symptoms: Symptoms): Conclusion {
  const evidence = evidenceOf(symptoms);
  const slow = slowest(symptoms.probes);
  // Work that keeps CPUs and disks busy is nobody's trouble while services answer as usual.
  const isTrouble = (cause: HostCause) => slow !== null || symptoms.probes.length === 0 || cause === 'memory' || cause === 'network';
  const found = causes.filter((cause): cause is HostCause => cause !== 'service' && evidence[cause].length > 0 && isTrouble(cause));
  const [cause, ...also] = inOrder(found);
  if (cause === undefined) {
    if (slow === null) return { cause: null, also: [], because: [], sentence: null };
    const cleared = clearedTexts(symptoms, ['memory', 'network', 'disk', 'cpu']).join(', ');
    const why = cleared === '' ? 'what the host does cannot be seen' : `the host is not why: ${cleared}`;
    const because = notTaken(symptoms.vitals);
    const next = because[0] === undefined ? 'Look at the service itself.' : `Look at the service itself: ${because[0].text}.`;
    return { cause: 'service', also: [], because, sentence: `${slowText(slow)}, and ${why}. ${next}` };
  }
  const because = evidence[cause];
  const reasons = because.map(({ text }) => text).join(', ');
  const others =
    also.length === 0 ? '' : ` As well: ${also.map((other) => `${shortTexts[other]} (${evidence[other][0]?.text ?? ''})`).join(', ')}.`;
  const cleared = contrast(cause, also, symptoms);
  const subject = slow === null ? '' : `${slowText(slow)} because `;
  return { cause, also, because, sentence: `${capitalised(`${subject}${shortTexts[cause]} (${reasons})${cleared}`)}.${others}` };
}

const shortTexts: Record<HostCause, string> = {
  memory: 'memory is short',
  network: 'the network loses or delays packets',
  disk: 'the disk is slow',
  cpu: 'the CPUs are busy',
};

const order: readonly HostCause[] = ['memory', 'network', 'cpu', 'disk'];

function inOrder(found: readonly HostCause[]): HostCause[] {
  return order.filter((cause) => found.includes(cause));
}

/** What people take it for: the network when it is memory, memory when it is anything else. */
function contrast(cause: HostCause, also: readonly HostCause[], symptoms: Symptoms): string {
  const mistaken: HostCause = cause === 'memory' ? 'network' : 'memory';
  // With hardly any left it is not cleared, though nobody waits for it yet.
  if (also.includes(mistaken) || (mistaken === 'memory' && isShort(symptoms.vitals))) return '';
  const [text] = clearedTexts(symptoms, [mistaken]);
  return text === undefined ? '' : `, not because of ${mistaken === 'network' ? 'the network' : mistaken} (${text})`;
}

function evidenceOf(symptoms: Symptoms): Record<HostCause, Because[]> {
  return { memory: memory(symptoms), network: network(symptoms), disk: disk(symptoms), cpu: cpu(symptoms) };
}

function memory({ stage, vitals, throttled, probes }: Symptoms): Because[] {
  // As of this look: a stage is held for a while after it is over, and a kill frees what was short.
  const { stage: now } = stageOf(vitals, stage);
  const stalls = now === 'stalling' || now === 'starving' || (now === 'killing' && isShort(vitals));
  const waits = over(vitals.memoryFull, stallFull) || over(vitals.memorySome, 2 * stallFull);
  // What sleeps is swapped out first, and a service that was asked nothing for a while sleeps.
  const comesBack = slowest(probes) !== null && over(vitals.swapInBytes, swapInASecond);
  const failed = failedText(vitals);
  if (stalls || comesBack || failed !== null || (waits && isShort(vitals))) {
    const texts = [failed, fullText(vitals), availableText(vitals), ...movement(vitals)].filter((text) => text !== null);
    return texts.length > 0 ? texts : [{ name: 'stage', text: now }];
  }
  if (throttled === null) return [];
  const { path, pressureSome, usageBytes, limitBytes } = throttled;
  const limit = usageBytes === null || limitBytes === null ? '' : `, ${formatBytes(usageBytes)} of its limit of ${formatBytes(limitBytes)}`;
  return [{ name: 'cgroup', text: `that of ${path}, at its own limit: PSI memory some ${formatPercent(pressureSome)} there${limit}` }];
}

function network({ vitals, loopback, probes }: Symptoms): Because[] {
  const { network: net } = vitals;
  const found: Because[] = [];
  // Clients on the move lose some; where nothing is slow it takes more to speak of.
  const share = retransmitShare[slowest(probes) === null && probes.length > 0 ? 'whileWell' : 'whileSlow'];
  if (over(net.retransmittedSegments, retransmitsASecond) && over(net.retransmitRatio, share) && isValue(net.retransmitRatio)) {
    found.push({ name: 'retransmits', text: `${formatPercent(net.retransmitRatio)} of TCP segments sent again` });
  }
  if (loopback !== null && loopback.lost > loopback.sent * loopbackLoss) {
    found.push({ name: 'loopback-loss', text: `loopback loss ${loopback.lost} of ${loopback.sent}` });
  }
  if (isCalm(vitals) && loopback !== null && loopback.roundTripMs !== null && loopback.roundTripMs > loopbackSlowMs) {
    found.push({ name: 'loopback-delay', text: `loopback takes ${formatMs(loopback.roundTripMs)}` });
  }
  if (over(net.drops, dropsASecond) && isValue(net.drops)) {
    found.push({ name: 'drops', text: `${Math.round(net.drops)} packets dropped a second` });
  }
  if (over(net.errors, dropsASecond) && isValue(net.errors)) {
    found.push({ name: 'errors', text: `${Math.round(net.errors)} faulty packets a second` });
  }
  if (over(net.memoryFailures, 0) && isValue(net.memoryFailures)) {
    found.push({ name: 'tcp-memory-failures', text: 'TCP has no memory for its buffers, and ends connections for it' });
  }
  if (over(net.tcpMemoryRatio, tcpMemoryFull) && isValue(net.tcpMemoryRatio)) {
    found.push({ name: 'tcp-memory', text: `buffers of TCP at ${formatPercent(net.tcpMemoryRatio)} of what they may take` });
  }
  return found;
}

/** The kernel throws packets away for want of a page: memory, though it looks like the network. */
function failedText({ failedAllocations }: Vitals): Because | null {
  if (!isValue(failedAllocations) || failedAllocations === 0) return null;
  return {
    name: 'failed-allocations',
    text: `the kernel itself got no memory ${failedAllocations} ${failedAllocations === 1 ? 'time' : 'times'}`,
  };
}

/** Connections that came and that the program did not take. */
function notTaken({ network: { listenOverflows } }: Vitals): Because[] {
  if (!isValue(listenOverflows) || listenOverflows === 0) return [];
  return [{ name: 'listen-overflows', text: `programs did not take ${listenOverflows.toFixed(1)} connections a second in time` }];
}

/** A machine that is busy with something else delays its own packets as well; only one that is known not to be tells of the network. */
function isCalm({ cpuBusyRatio, cpuSome: some, runningTasks, cpuCount, memorySome }: Vitals): boolean {
  const waits = over(some, cpuSome / 2) || over(memorySome, stallFull) || over(runningTasks, tasksPerCpu * cpuCount);
  return !waits && isValue(cpuBusyRatio) && cpuBusyRatio < cpuBusy;
}

function cpu({ vitals }: Symptoms): Because[] {
  const { runningTasks, cpuCount, cpuBusyRatio, stealRatio } = vitals;
  if (over(stealRatio, stolen) && isValue(stealRatio)) {
    return [{ name: 'steal', text: `the hypervisor took ${formatPercent(stealRatio)} of the CPU time for other machines` }];
  }
  const many = over(runningTasks, tasksPerCpu * cpuCount) || over(vitals.cpuSome, 2 * cpuSome);
  if (!many || !over(vitals.cpuSome, cpuSome) || !over(cpuBusyRatio, cpuBusy)) return [];
  return cpuTexts(vitals);
}

function cpuTexts({ runningTasks, cpuCount, cpuBusyRatio, cpuSome: some }: Vitals): Because[] {
  return [
    isValue(cpuBusyRatio) ? { name: 'cpu-busy', text: `${formatPercent(cpuBusyRatio)} busy` } : null,
    isValue(some) ? { name: 'cpu-some', text: `PSI cpu some ${formatPercent(some)}` } : null,
    isValue(runningTasks) ? { name: 'run-queue', text: `${runningTasks} tasks want ${cpuCount} CPUs` } : null,
  ].filter((text) => text !== null);
}

function disk({ vitals }: Symptoms): Because[] {
  const { disk: slowestDisk, ioSome: waits, ioWaitRatio } = vitals;
  // What a limit of a cgroup or a file server on the network holds back never gets to a disk.
  if (over(waits, ioSomeAlone)) return diskTexts(vitals);
  if (!isValue(slowestDisk) || slowestDisk.latencyMs < diskLatencyMs || slowestDisk.queue < diskQueue) return [];
  return over(waits, ioSome) || over(ioWaitRatio, ioSome) ? diskTexts(vitals) : [];
}

function diskTexts({ disk: slowestDisk, ioSome: waits, ioFull, ioWaitRatio }: Vitals): Because[] {
  return [
    isValue(slowestDisk)
      ? {
          name: 'disk-latency',
          text: `${slowestDisk.name} takes ${formatMs(slowestDisk.latencyMs)} a request, ${slowestDisk.queue.toFixed(1)} in its queue`,
        }
      : null,
    isValue(waits) ? { name: 'io-some', text: `PSI io some ${formatPercent(waits)}` } : null,
    isValue(ioFull) ? { name: 'io-full', text: `full ${formatPercent(ioFull)}` } : null,
    isValue(ioWaitRatio) ? { name: 'iowait', text: `iowait ${formatPercent(ioWaitRatio)}` } : null,
  ].filter((text) => text !== null);
}

/** For each of these one text with the numbers by which it is not the cause. */
function clearedTexts({ vitals, loopback }: Symptoms, wanted: readonly HostCause[]): string[] {
  const { network: net } = vitals;
  const texts: Record<HostCause, (string | null)[]> = {
    memory: [fullText(vitals)?.text ?? null, availableText(vitals)?.text ?? null],
    network: [
      loopback === null ? null : `loopback loss ${loopback.lost} of ${loopback.sent}`,
      isValue(net.retransmitRatio) ? `${formatPercent(net.retransmitRatio)} sent again` : null,
      isValue(net.drops) ? (net.drops === 0 ? 'no drops' : `${net.drops.toFixed(1)} drops/s`) : null,
    ],
    disk: [isValue(vitals.disk) && vitals.disk.requests === 0 ? `${vitals.disk.name} idle` : (diskTexts(vitals)[0]?.text ?? null)],
    cpu: cpuTexts(vitals)
      .slice(0, 2)
      .map(({ text }) => text),
  };
  return wanted.flatMap((cause) => {
    const known = texts[cause].filter((text) => text !== null);
    return known.length === 0 ? [] : [known.join(', ')];
  });
}

/** The probe that is worst off now; null: none is slow. */
function slowest(probes: readonly ProbeState[]): ProbeState | null {
  const bad = probes.filter((probe) => probe.state === 'slow' || probe.state === 'failing' || isWaitingLong(probe));
  const badness = (probe: ProbeState) => (probe.state === 'failing' ? Number.POSITIVE_INFINITY : waitOf(probe) / probe.slowAboveMs);
  return bad.reduce<ProbeState | null>((worst, probe) => (worst === null || badness(probe) > badness(worst) ? probe : worst), null);
}

function isWaitingLong({ waitingMs, slowAboveMs }: ProbeState): boolean {
  return waitingMs !== null && waitingMs > Math.max(1000, slowAboveMs);
}

function waitOf({ worst, waitingMs }: ProbeState): number {
  return Math.max(worst?.latencyMs ?? 0, waitingMs ?? 0);
}

export function slowText(probe: ProbeState): string {
  const { name, worst, waitingMs } = probe;
  if (worst?.failure != null) return `${name} does not answer (${worst.failure})`;
  if (isWaitingLong(probe) && (waitingMs ?? 0) > (worst?.latencyMs ?? 0)) return `${name} has not answered for ${formatMs(waitingMs ?? 0)}`;
  return `${name} answers in ${formatMs(worst?.latencyMs ?? 0)}`;
}

/** Names of services stay as they are written. */
function capitalised(text: string): string {
  return text.startsWith('the ') || text.startsWith('memory ') ? `${text[0]?.toUpperCase()}${text.slice(1)}` : text;
}
