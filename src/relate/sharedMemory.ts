/** Shared memory and files in RAM, which belong to no process: by file system, segment and file, with who made or holds it. */
import { isValue, type Reading } from '../model/reading.ts';
import { largest, type MemoryNode, node, sumOf, whole } from './memoryTree.ts';

/** Somebody who holds a file open or mapped, as `python3 (pid 12)`. */
export interface Holder {
  name: string;
  subjectId?: string;
  /** How many processes besides this one hold it. */
  others: number;
}

/** A file in RAM that has no name any more, or never had one. */
export interface HeldRamFile {
  kind: 'memfd' | 'shared mapping' | 'deleted file';
  name: string;
  bytes: number;
  holder: Holder;
}

export interface TmpfsMemory {
  mountPoint: string;
  usedBytes: number;
  /** The largest files that have a name. */
  files: readonly { path: string; bytes: number }[];
  deleted: readonly HeldRamFile[];
}

export interface SegmentMemory {
  id: number;
  residentBytes: number;
  swapBytes: number;
  owner: string;
  /** `postgres (pid 12)`, or `pid 12, which has ended`. */
  creator: string;
  attached: number;
}

export interface SharedMemory {
  tmpfs: readonly TmpfsMemory[];
  segments: Reading<readonly SegmentMemory[]>;
  /** In no tmpfs that is seen. */
  nameless: readonly HeldRamFile[];
}

const namedFiles = 6;
const namedSegments = 12;
const groups = [
  ['memfd', 'memfd'],
  ['shared mapping', 'shared mappings (mmap)'],
  ['deleted file', 'deleted files in a tmpfs of another namespace'],
] as const;

export function sharedMemoryNode(shared: SharedMemory, total: number): MemoryNode {
  const parts = [...shared.tmpfs.map(tmpfsNode), segmentsNode(shared), ...groups.map(([kind, name]) => groupNode(shared, kind, name))];
  parts.sort((a, b) => b.bytes - a.bytes);
  const tree = whole(
    'shared memory and tmpfs',
    total,
    parts,
    'of processes that may not be looked into, or in a tmpfs that is not seen',
    'swapped out, counted twice or moved while reading',
  );
  return { ...tree, reclaim: 'swappable' };
}

function tmpfsNode(tmpfs: TmpfsMemory): MemoryNode {
  const files = tmpfs.files.map((file) => node(file.path, file.bytes));
  const parts = [...largest(files, namedFiles, (count) => `${count} more files`), ...tmpfs.deleted.map((file) => heldNode(file))];
  return whole(`tmpfs ${tmpfs.mountPoint}`, tmpfs.usedBytes, parts, parts.length === 0 ? 'files' : 'other files');
}

function heldNode(file: HeldRamFile): MemoryNode {
  const deleted = file.kind === 'deleted file';
  const what = file.kind === 'shared mapping' ? 'of' : `${file.name}${deleted ? ', deleted, still open in' : ' of'}`;
  const link = file.holder.subjectId === undefined ? {} : { subjectId: file.holder.subjectId };
  return node(`${what} ${holderText(file.holder)}`, file.bytes, link);
}

export function holderText({ name, others }: Holder): string {
  if (others === 0) return name;
  return `${name} and ${others} ${others === 1 ? 'other' : 'others'}`;
}

function segmentsNode({ segments }: SharedMemory): MemoryNode {
  const resident = isValue(segments) ? segments.filter(({ residentBytes }) => residentBytes > 0) : [];
  const nodes = resident.map((segment) => {
    const orphan = segment.attached === 0 ? { note: `orphan: no process has it attached; ipcrm -m ${segment.id} removes it` } : {};
    return node(`segment ${segment.id} of ${segment.owner}, made by ${segment.creator}`, segment.residentBytes, orphan);
  });
  return whole(
    'System V segments',
    sumOf(nodes),
    largest(nodes, namedSegments, (count) => `${count} other segments`),
    '',
  );
}

function groupNode({ nameless }: SharedMemory, kind: HeldRamFile['kind'], name: string): MemoryNode {
  const nodes = nameless.filter((file) => file.kind === kind).map(heldNode);
  return whole(
    name,
    sumOf(nodes),
    largest(nodes, namedFiles, (count) => `${count} others`),
    '',
  );
}
