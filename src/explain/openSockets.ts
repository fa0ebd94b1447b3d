/** Sockets that a process holds open, counted at each look: a connection that is not closed keeps more alive than itself, and the kernel tells of it. */
import { readFdLink, readFdNames } from '../kernel/pidFd.ts';
import { isValue } from '../model/reading.ts';
import { OpenFilesTally, socketCount } from '../sample/openFiles/openFiles.ts';
import { findSockets, type WantedSockets } from '../sample/openFiles/socketTables.ts';
import type { GrowingThing } from './growingThing.ts';
import { slowerGrowth } from './threeLooks.ts';

const mostNames = 16_384;
const mostLinks = 2_048;
const leastGrowth = 5;
/** Of each there may be some for one of the other, as a proxy has two sockets for a request: a whole number, this exactly. */
const mostForEach = 4;
const mostOff = 0.2;

export interface OpenSockets {
  count: number;
  /** Of most of them; null: not known. */
  state: string | null;
}

/** Null where that may not be looked at. Of many only some are, evenly spread. */
export function openSockets(pid: number): OpenSockets | null {
  const names = readFdNames(`/proc/${pid}/fd`, mostNames);
  if (!isValue(names)) return null;
  const tally = new OpenFilesTally();
  tally.open = names.length;
  const wanted: WantedSockets = new Map();
  const stride = Math.max(1, names.length / mostLinks);
  for (let at = 0; at < names.length; at += stride) {
    const link = readFdLink(`/proc/${pid}/fd/${names[Math.floor(at)]}`);
    if (!isValue(link)) continue;
    tally.addLink(link);
    if (link.kind === 'socket') wanted.set(link.inode, [tally]);
  }
  const seen = wanted.size;
  for (const _piece of findSockets(`/proc/${pid}/net`, wanted));
  const open = tally.result(0);
  const [most] = open.sockets;
  return { count: socketCount(open), state: most !== undefined && most.count * 2 > seen ? most.state : null };
}

export interface SocketGrowth {
  counts: [number, number, number];
  state: string | null;
}

/** Null where they did not become more both times. Pure. */
export function socketGrowth([first, second, third]: readonly (OpenSockets | null)[]): SocketGrowth | null {
  if (!first || !second || !third) return null;
  const counts: [number, number, number] = [first.count, second.count, third.count];
  return slowerGrowth(counts) < leastGrowth ? null : { counts, state: third.state };
}

/** What becomes more as the open sockets do is there because of them. Pure. */
export function withSockets(thing: GrowingThing, { counts }: SocketGrowth): GrowingThing {
  const ratio = slowerGrowth(thing.counts) / slowerGrowth(counts);
  const forEach = Math.max(ratio, 1 / ratio);
  const isAlike = forEach <= mostForEach + mostOff && Math.abs(forEach - Math.round(forEach)) <= mostOff;
  return isAlike && thing.isOneBlock !== true && thing.isAllocation !== true ? { ...thing, pattern: 'connection-not-closed' } : thing;
}

export function socketsText({ counts, state }: SocketGrowth): string {
  const how = state === null ? '' : `, most of them in ${state}`;
  const why = state === 'CLOSE_WAIT' ? ': the other side has hung up, and the program never closed them' : '';
  return `Its open sockets become more: ${counts.join(' → ')}${how}${why}.`;
}
