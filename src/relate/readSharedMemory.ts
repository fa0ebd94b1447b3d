/**
 * Who made or holds what is in RAM and belongs to no process. tmpfs tells how much it holds, the kernel which segments there are;
 * which process keeps a file that has no name has to be searched for: first where processes map shared memory, then in the open files
 * of all. The search ends when it is late, and says so.
 */
import { type HeldFile, isSysvName, readDeletedFds, readDeletedMappings } from '../kernel/heldFiles.ts';
import { readMountinfo } from '../kernel/mountinfo.ts';
import { type RamFile, readRamFile } from '../kernel/ramFileSystem.ts';
import { readSysvShm, type SysvSegment } from '../kernel/sysvipcShm.ts';
import { readTmpfsUse, type TmpfsUse } from '../kernel/tmpfs.ts';
import { readTmpfsFiles } from '../kernel/tmpfsFiles.ts';
import { isValue, notPermitted, valueOrNull } from '../model/reading.ts';
import type { ProcessSample } from '../sample/scan.ts';
import { shownText } from '../sample/shownText.ts';
import type { UserNames } from '../sample/userNames.ts';
import type { HeldRamFile, SegmentMemory, SharedMemory, TmpfsMemory } from './sharedMemory.ts';

interface SharedMemorySearch {
  procRoot: string;
  processes: readonly ProcessSample[];
  users: UserNames;
  isLate: () => boolean;
}

interface Holding {
  file: RamFile;
  name: string;
  first: ProcessSample;
  holders: Set<string>;
}

const maxNameLength = 80;
const maxCommandLength = 32;
/** Of one process. */
const maxFds = 65536;
const maxTmpfsEntries = 20_000;
/** Files smaller than this are in the sum of their tmpfs. */
const leastFileBytes = 64 << 10;
/** A tmpfs with less is not walked through. */
const leastTmpfsBytes = 1 << 20;
const maxFilesKept = 64;
/** Start times are as exact as the boot time, which is in whole seconds. */
const startTimeSlackMs = 2000;

/** `complete` is false when the search was cut short, `permitted` when some process may not be looked into. */
export function readSharedMemory(search: SharedMemorySearch): { shared: SharedMemory; complete: boolean; permitted: boolean } {
  const mounts = readMountinfo(search.procRoot);
  const uses = isValue(mounts) ? readTmpfsUse(mounts) : [];
  const segments = readSysvShm(search.procRoot);
  const { held, complete, permitted } = findHeld(search);
  const walks = uses.map((use) => tmpfsMemory(use, held, search.isLate));
  const visible = new Set(uses.map(({ device }) => valueOrNull(device)));
  const nameless = held.filter(({ file }) => !visible.has(file.device)).map(heldRamFile);
  return {
    shared: {
      tmpfs: walks.map(({ tmpfs }) => tmpfs),
      segments: isValue(segments) ? segments.map((segment) => segmentMemory(segment, search)) : segments,
      nameless,
    },
    complete: complete && walks.every((walk) => walk.complete),
    permitted,
  };
}

function findHeld({ processes, isLate, procRoot }: SharedMemorySearch): { held: Holding[]; complete: boolean; permitted: boolean } {
  const found = new Map<string, Holding>();
  const sharing = processes
    .filter(({ sample }) => (valueOrNull(sample.shmemBytes) ?? 0) >= leastFileBytes)
    .sort((a, b) => (valueOrNull(b.sample.shmemBytes) ?? 0) - (valueOrNull(a.sample.shmemBytes) ?? 0));
  let complete = true;
  let permitted = true;
  const take = (process: ProcessSample, held: HeldFile): void => {
    // Segments have a table of their own.
    if (isSysvName(held.name)) return;
    const file = readRamFile(held.path);
    if (!isValue(file) || file.hugePages || file.bytes < leastFileBytes) return;
    const known = found.get(file.key);
    if (known === undefined) found.set(file.key, { file, name: held.name, first: process, holders: new Set([process.subject.id]) });
    else known.holders.add(process.subject.id);
  };
  for (const process of sharing) {
    if (isLate()) return { held: [...found.values()], complete: false, permitted };
    const mappings = readDeletedMappings(`${procRoot}/${process.id.pid}`);
    if (isValue(mappings)) for (const mapping of mappings) take(process, mapping);
  }
  for (const process of processes) {
    if (isLate()) return { held: [...found.values()], complete: false, permitted };
    const fds = readDeletedFds(`${procRoot}/${process.id.pid}`, maxFds, isLate);
    if (fds === notPermitted) permitted = false;
    if (!isValue(fds)) continue;
    complete = complete && fds.complete;
    for (const file of fds.files) take(process, file);
  }
  return { held: [...found.values()], complete, permitted };
}

function heldRamFile({ file, name, first, holders }: Holding): HeldRamFile {
  const { workloadId } = first.subject;
  const holder = { name: holderName(first), others: holders.size - 1, ...(workloadId === undefined ? {} : { subjectId: workloadId }) };
  return { ...kindOf(name), bytes: file.bytes, holder };
}

/** `hoard --kind memfd … (pid 12)`: the name of the program without its folder, and not the whole of a long command. */
function holderName({ subject, id }: ProcessSample): string {
  const command = subject.name.replace(/ \(pid \d+\)$/, '').replace(/^\/\S*\/(?=[^\s/])/, '');
  const short = command.length > maxCommandLength ? `${command.slice(0, maxCommandLength - 1).trimEnd()}…` : command;
  return `${short} (pid ${id.pid})`;
}

/** A name that a process chose says nothing for sure: only what the kernel itself writes is taken for more than a file. */
function kindOf(name: string): Pick<HeldRamFile, 'kind' | 'name'> {
  if (name === '/dev/zero') return { kind: 'shared mapping', name: 'shared mapping' };
  if (name.startsWith('/memfd:')) return { kind: 'memfd', name: `memfd ${shownText(name.slice('/memfd:'.length), maxNameLength)}` };
  return { kind: 'deleted file', name: shownText(name, maxNameLength) };
}

function tmpfsMemory(use: TmpfsUse, held: readonly Holding[], isLate: () => boolean): { tmpfs: TmpfsMemory; complete: boolean } {
  const deleted = held.filter(({ file }) => file.device === use.device).map(heldRamFile);
  const walk =
    use.usedBytes < leastTmpfsBytes
      ? { files: [], complete: true }
      : readTmpfsFiles(use.mountPoint, { leastBytes: leastFileBytes, maxEntries: maxTmpfsEntries, isLate });
  // Of a tmpfs that may not be walked through the sum is known all the same.
  const { files, complete } = isValue(walk) ? walk : { files: [], complete: true };
  const shown = files
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, maxFilesKept)
    .map(({ path, bytes }) => ({ path: shownText(path.slice(1), maxNameLength), bytes }));
  return { tmpfs: { mountPoint: shownText(use.mountPoint, maxNameLength), usedBytes: use.usedBytes, files: shown, deleted }, complete };
}

function segmentMemory(segment: SysvSegment, { processes, users }: SharedMemorySearch): SegmentMemory {
  const { id, residentBytes, swapBytes, attached } = segment;
  const creator = processes.find((process) => process.id.pid === segment.creatorPid && !isYounger(process, segment));
  return {
    id,
    residentBytes,
    swapBytes,
    attached,
    owner: users.of(segment.ownerUid),
    creator: creator === undefined ? `pid ${segment.creatorPid}, which has ended` : holderName(creator),
  };
}

/** Its pid was given to another process since. */
function isYounger({ sample }: ProcessSample, { changedSeconds }: SysvSegment): boolean {
  return isValue(sample.startTimeMs) && sample.startTimeMs > changedSeconds * 1000 + startTimeSlackMs;
}
