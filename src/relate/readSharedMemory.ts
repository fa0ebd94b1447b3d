/**
 * Who made or holds what is in RAM and belongs to no process. tmpfs tells how much it holds, the kernel which segments there are;
 * which process keeps a file that has no name has to be searched for: first where processes map shared memory, then, when something is
 * still missing, in the open files of all. The search ends when it is late, and says so.
 */
import { type HeldFile, isSysvSegment, readDeletedFds, readDeletedMappings } from '../kernel/heldFiles.ts';
import { readMountinfo } from '../kernel/mountinfo.ts';
import { type RamFile, readRamFile } from '../kernel/ramFileSystem.ts';
import { readSysvShm, type SysvSegment } from '../kernel/sysvipcShm.ts';
import { readTmpfsUse, type TmpfsUse } from '../kernel/tmpfs.ts';
import { readTmpfsFiles, type TmpfsWalk } from '../kernel/tmpfsFiles.ts';
import { isValue, notPermitted, type Reading, valueOrNull } from '../model/reading.ts';
import type { ProcessSample } from '../sample/scan.ts';
import { shownText } from '../sample/shownText.ts';
import type { UserNames } from '../sample/userNames.ts';
import type { HeldRamFile, SegmentMemory, SharedMemory, TmpfsMemory } from './sharedMemory.ts';

interface SharedMemorySearch {
  procRoot: string;
  processes: readonly ProcessSample[];
  users: UserNames;
  /** Shmem of meminfo: all that is to be explained. */
  shmemBytes: number;
  isLate: () => boolean;
}

interface Holding {
  file: RamFile;
  held: HeldFile;
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

/** What a tmpfs or the machine has in RAM without a name is not searched for when it is less. */
const leastMissingBytes = 1 << 20;

interface TmpfsReading {
  use: TmpfsUse;
  walk: Reading<TmpfsWalk>;
}

/** `complete` is false when the search was cut short, `permitted` when some process may not be looked into. */
export function readSharedMemory(search: SharedMemorySearch): { shared: SharedMemory; complete: boolean; permitted: boolean } {
  const mounts = readMountinfo(search.procRoot);
  const uses = isValue(mounts) ? readTmpfsUse(mounts) : [];
  const segments = readSysvShm(search.procRoot);
  const readings: TmpfsReading[] = uses.map((use) => ({ use, walk: walkThrough(use, search.isLate) }));
  const holders = new HolderSearch(search);
  holders.lookIntoMappings();
  holders.lookIntoFds((found) => missingBytes(search.shmemBytes - holders.deniedBytes, readings, isValue(segments) ? segments : [], found));
  const visible = new Set(uses.map(({ device }) => valueOrNull(device)));
  const nameless = holders.found.filter(({ file }) => !visible.has(file.device)).map(heldRamFile);
  return {
    shared: {
      tmpfs: readings.map((reading) => tmpfsMemory(reading, holders.found)),
      segments: isValue(segments) ? segments.map((segment) => segmentMemory(segment, search)) : segments,
      nameless,
    },
    complete: holders.complete && readings.every(({ walk }) => !isValue(walk) || walk.complete),
    permitted: holders.permitted,
  };
}

/** What is in RAM, belongs to no process, has no name, and was not found yet. A tmpfs that can't be walked through may hide anything. */
function missingBytes(
  shmemBytes: number,
  readings: readonly TmpfsReading[],
  segments: readonly SysvSegment[],
  found: readonly Holding[],
): number {
  const foundBytes = (on: (device: number) => boolean) =>
    found.filter(({ file }) => on(file.device)).reduce((bytes, { file }) => bytes + file.bytes, 0);
  const inTmpfs = readings.map(({ use, walk }) =>
    Math.max(0, use.usedBytes - (isValue(walk) ? walk.bytes : 0) - foundBytes((device) => device === use.device)),
  );
  const devices = new Set(readings.map(({ use }) => valueOrNull(use.device)));
  const elsewhere =
    shmemBytes -
    readings.reduce((bytes, { use }) => bytes + use.usedBytes, 0) -
    segments.reduce((bytes, { residentBytes }) => bytes + residentBytes, 0) -
    foundBytes((device) => !devices.has(device));
  return Math.max(elsewhere, ...inTmpfs);
}

class HolderSearch {
  complete = true;
  permitted = true;
  /** The most that one of the processes has mapped that may not be looked into: so much at least is theirs. */
  deniedBytes = 0;
  readonly #search: SharedMemorySearch;
  readonly #found = new Map<string, Holding>();

  constructor(search: SharedMemorySearch) {
    this.#search = search;
  }

  get found(): Holding[] {
    return [...this.#found.values()];
  }

  /** Of processes that have shared memory mapped, most first. */
  lookIntoMappings(): void {
    const { processes, procRoot, isLate } = this.#search;
    const mapped = ({ sample }: ProcessSample) => valueOrNull(sample.shmemBytes) ?? 0;
    const sharing = processes.filter((process) => mapped(process) >= leastFileBytes).sort((a, b) => mapped(b) - mapped(a));
    for (const process of sharing) {
      if (isLate()) {
        this.complete = false;
        return;
      }
      const mappings = readDeletedMappings(`${procRoot}/${process.id.pid}`);
      if (mappings === notPermitted) this.#deny(process);
      if (isValue(mappings)) for (const mapping of mappings) this.#take(process, mapping);
    }
  }

  /** Of all processes, until what is missing is found. */
  lookIntoFds(missing: (found: readonly Holding[]) => number): void {
    const { processes, procRoot, isLate } = this.#search;
    let left = missing(this.found);
    for (const process of processes) {
      if (left < leastMissingBytes) return;
      if (isLate()) {
        this.complete = false;
        return;
      }
      const fds = readDeletedFds(`${procRoot}/${process.id.pid}`, maxFds, isLate);
      if (fds === notPermitted) this.#deny(process);
      if (!isValue(fds)) continue;
      this.complete = this.complete && fds.complete;
      const before = this.#found.size;
      for (const file of fds.files) this.#take(process, file);
      if (this.#found.size > before) left = missing(this.found);
    }
  }

  #deny({ sample }: ProcessSample): void {
    this.permitted = false;
    this.deniedBytes = Math.max(this.deniedBytes, valueOrNull(sample.shmemBytes) ?? 0);
  }

  #take(process: ProcessSample, held: HeldFile): void {
    // Segments have a table of their own.
    if (isSysvSegment(held)) return;
    const file = readRamFile(held.path);
    if (!isValue(file) || file.hugePages || file.bytes < leastFileBytes) return;
    const known = this.#found.get(file.key);
    if (known === undefined) this.#found.set(file.key, { file, held, first: process, holders: new Set([process.subject.id]) });
    else known.holders.add(process.subject.id);
  }
}

function walkThrough(use: TmpfsUse, isLate: () => boolean): Reading<TmpfsWalk> {
  if (use.usedBytes < leastTmpfsBytes) return { files: [], bytes: use.usedBytes, complete: true };
  return readTmpfsFiles(use.mountPoint, { leastBytes: leastFileBytes, maxEntries: maxTmpfsEntries, isLate });
}

function heldRamFile({ file, held, first, holders }: Holding): HeldRamFile {
  const { workloadId } = first.subject;
  const holder = { name: holderName(first), others: holders.size - 1, ...(workloadId === undefined ? {} : { subjectId: workloadId }) };
  return { ...kindOf(held), bytes: file.bytes, holder };
}

/** `python3 app.py (pid 12)`: the program without its folder, what it runs, and no flags. */
function holderName({ subject, id }: ProcessSample): string {
  const command = subject.name.replace(/ \(pid \d+\)$/, '').replace(/ -.*$/s, '');
  const words = command.split(' ').map((word) => word.replace(/^\/.*\/(?=[^/])/, ''));
  const short = words.join(' ');
  return `${short.length > maxCommandLength ? `${short.slice(0, maxCommandLength - 1)}…` : short} (pid ${id.pid})`;
}

/** A name that a process chose says nothing for sure: only what the kernel itself writes is taken for more than a file. */
function kindOf({ kind, name }: HeldFile): Pick<HeldRamFile, 'kind' | 'name'> {
  if (kind === 'memfd') return { kind: 'memfd', name: `memfd ${shownText(name, maxNameLength)}` };
  if (name === '/dev/zero') return { kind: 'shared mapping', name: 'shared mapping' };
  return { kind: 'deleted file', name: shownText(name, maxNameLength) };
}

function tmpfsMemory({ use, walk }: TmpfsReading, held: readonly Holding[]): TmpfsMemory {
  const deleted = held.filter(({ file }) => file.device === use.device).map(heldRamFile);
  const mountPoint = shownText(use.mountPoint, maxNameLength);
  const below = (name: string) => (name.startsWith(`${mountPoint}/`) ? name.slice(mountPoint.length + 1) : name);
  const shown = (isValue(walk) ? walk.files : [])
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, maxFilesKept)
    .map(({ path, bytes }) => ({ path: shownText(path.slice(1), maxNameLength), bytes }));
  return { mountPoint, usedBytes: use.usedBytes, files: shown, deleted: deleted.map((file) => ({ ...file, name: below(file.name) })) };
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
