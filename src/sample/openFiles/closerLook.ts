/**
 * The dear tier: which files and sockets those processes hold whose cheap readings grow. It works in bites of a millisecond or less,
 * between the scans, and rests after each round for as long as keeps it at a five-hundredth of a core, however much there is to read:
 * looks at large processes and long tables are rarer, and none is left out for ever. Whatever is read here belongs to the kernel's
 * bookkeeping of files: no memory of the process is walked and no lock of its memory held, so that it never waits. `npm run bench -- stall`
 * lets a process with 3,000 open files measure that: no longer pauses than when it is left alone.
 */
import { readFdLink, readFdNames } from '../../kernel/pidFd.ts';
import { readLink } from '../../kernel/read.ts';
import { isValue, notPermitted } from '../../model/reading.ts';
import type { ProcessEntry } from '../processEntry.ts';
import { OpenFilesTally } from './openFiles.ts';
import { findSockets, type WantedSockets } from './socketTables.ts';

const restRatio = 500;
const minRestMs = 5_000;
/** Looked at of one process: the files that it has held longest are among the first, and of those evenly spread ones. */
const maxNames = 16_384;
const maxLinks = 2_048;
const linksARound = 8_192;
const linksABite = 128;
/** Processes looked at closer at a time, whatever grows. */
const maxCandidates = 200;

interface Namespace {
  netDirectory: string;
  wanted: WantedSockets;
}

export class CloserLook {
  readonly #nowMs: () => number;
  readonly #spentMs: () => number;
  #candidates: ProcessEntry[] = [];
  #round: Generator<void, void, void> | null = null;
  #costMs = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #timeMs = 0;

  /** `nowMs`: a clock that does not jump; `spentMs`: CPU time of stanch. */
  constructor(nowMs = () => performance.now(), spentMs = ownCpuMs) {
    this.#nowMs = nowMs;
    this.#spentMs = spentMs;
  }

  /** What grows now; what does not any more is forgotten. `timeMs` becomes the time of what is seen from here on. */
  choose(candidates: readonly ProcessEntry[], timeMs: number): void {
    const chosen = candidates.filter(({ openFilesRefused }) => !openFilesRefused).slice(0, maxCandidates);
    const kept = new Set(chosen);
    for (const entry of this.#candidates) if (!kept.has(entry)) entry.openFiles = null;
    this.#candidates = chosen;
    this.#timeMs = timeMs;
  }

  /** The next bite. False when there is nothing to do for now. */
  step(): boolean {
    if (this.#round === null) {
      if (this.#nowMs() < this.#restUntilMs || this.#candidates.length === 0) return false;
      this.#round = this.#lookAround();
    }
    const spentMs = this.#spentMs();
    const { done } = this.#round.next();
    this.#costMs += this.#spentMs() - spentMs;
    if (done === true) {
      this.#round = null;
      this.#restUntilMs = this.#nowMs() + Math.max(minRestMs, this.#costMs * restRatio);
      this.#costMs = 0;
    }
    return true;
  }

  /** Ends the round and forgets what it found. */
  stop(): void {
    this.#round?.return();
    this.#round = null;
    this.choose([], this.#timeMs);
  }

  *#lookAround(): Generator<void, void, void> {
    const namespaces = new Map<string, Namespace>();
    const tallies = new Map<ProcessEntry, OpenFilesTally>();
    for (const entry of this.#nextInTurn()) {
      const tally = new OpenFilesTally();
      const sockets = yield* readLinks(entry, tally);
      if (sockets === null) continue;
      tallies.set(entry, tally);
      if (sockets.length > 0) addWanted(namespaceOf(entry, namespaces).wanted, sockets, tally);
    }
    for (const { netDirectory, wanted } of namespaces.values()) yield* findSockets(netDirectory, wanted);
    const chosen = new Set(this.#candidates);
    for (const [entry, tally] of tallies) {
      if (!chosen.has(entry)) continue;
      entry.openFiles = tally.result(this.#timeMs);
      entry.openFilesAreNew = true;
    }
  }

  /** Those whose last look is longest ago, as many as a round holds. */
  #nextInTurn(): ProcessEntry[] {
    const lookedMs = (entry: ProcessEntry) => entry.openFiles?.timeMs ?? Number.NEGATIVE_INFINITY;
    const inTurn = this.#candidates.toSorted((a, b) => (lookedMs(a) < lookedMs(b) ? -1 : lookedMs(a) > lookedMs(b) ? 1 : 0));
    let links = 0;
    return inTurn.filter((entry, index) => {
      links += Math.min(maxLinks, isValue(entry.sample.fds) ? entry.sample.fds : maxLinks);
      return index === 0 || links <= linksARound;
    });
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The inodes of its sockets; null: it ended, or may not be looked at. */
function* readLinks(entry: ProcessEntry, tally: OpenFilesTally): Generator<void, number[] | null, void> {
  const names = readFdNames(entry.fdDirectory, maxNames);
  if (!isValue(names)) {
    entry.openFilesRefused = names === notPermitted;
    return null;
  }
  yield;
  // The whole number is known from the cheap reading, where the list is cut. What closes meanwhile is not counted where all are looked at.
  if (names.length > maxLinks) tally.open = isValue(entry.sample.fds) ? Math.max(names.length, entry.sample.fds) : names.length;
  const stride = Math.max(1, names.length / maxLinks);
  const sockets: number[] = [];
  for (let looked = 1, at = 0; at < names.length; looked += 1, at = Math.floor(looked * stride)) {
    const link = readFdLink(`${entry.fdDirectory}/${names[at]}`);
    if (isValue(link)) {
      tally.addLink(link);
      if (link.kind === 'socket') sockets.push(link.inode);
    }
    if (looked % linksABite === 0) yield;
  }
  return sockets;
}

function addWanted(wanted: WantedSockets, sockets: readonly number[], tally: OpenFilesTally): void {
  for (const inode of sockets) {
    const holders = wanted.get(inode);
    if (holders === undefined) wanted.set(inode, [tally]);
    else holders.push(tally);
  }
}

/** Two processes in one namespace read its tables once. */
function namespaceOf(entry: ProcessEntry, namespaces: Map<string, Namespace>): Namespace {
  const key = namespaceKey(entry);
  let namespace = namespaces.get(key);
  if (namespace === undefined) {
    namespace = { netDirectory: `${entry.directory}/net`, wanted: new Map() };
    namespaces.set(key, namespace);
  }
  return namespace;
}

function namespaceKey(entry: ProcessEntry): string {
  return readLink(`${entry.directory}/ns/net`) ?? entry.directory;
}
