/** What one process, or all of a workload, holds open: by kind, by target, and sockets by state and peer. */
import { type FdKind, type FdLink, fdKinds } from '../../kernel/pidFd.ts';
import { shownText } from '../shownText.ts';

interface KindCount {
  kind: FdKind;
  count: number;
}

/** Open files of one name: `412 × /var/log/x.log, deleted`. */
export interface TargetCount extends KindCount {
  /** As shown; empty for sockets and pipes. */
  name: string;
}

export interface SocketGroup {
  /** `other`: netlink, packet and what else the tables of the kernel do not list. */
  protocol: 'tcp' | 'udp' | 'unix' | 'other';
  state: string;
  /** `in`: the other side connected, to the port or path `local`; `out`: this side did, to `peer`; null: neither is known. */
  direction: 'in' | 'out' | null;
  local: string | null;
  /** Address of the other side, with its port when this side chose it; null: none, or several. */
  peer: string | null;
  count: number;
  /** Bytes not yet sent and acknowledged, and not yet read; of a listening socket the second is the number of connections that wait. */
  sendQueue: number;
  receiveQueue: number;
}

export interface OpenFiles {
  /** When it was looked at, on the clock of the scans. */
  timeMs: number;
  /** Open files, and how many of them were looked at: of many only some are, evenly spread. */
  open: number;
  looked: number;
  /** Of those looked at, largest first, without empty ones. */
  kinds: KindCount[];
  targets: TargetCount[];
  sockets: SocketGroup[];
}

/** Groups kept of each list; what is rarer is in the counts by kind only. */
const maxGroups = 20;
/** Different names and peers told apart while counting: 20 of them are kept in the end. */
const maxDistinct = 4096;
const maxNameLength = 200;

export class OpenFilesTally {
  open = 0;
  #looked = 0;
  readonly #kinds = new Map<FdKind, number>();
  readonly #targets = new Map<string, TargetCount>();
  readonly #sockets = new Map<string, SocketGroup>();

  addLink(link: FdLink): void {
    this.#looked += 1;
    this.#addKind(link.kind, 1);
    if (link.name !== '') this.#addTarget({ kind: link.kind, name: shownText(link.name, maxNameLength), count: 1 });
  }

  addSocket(group: SocketGroup): void {
    const { protocol, state, direction, local, peer } = group;
    // By which side connected: of a server the port tells more than its many clients.
    const key = `${protocol} ${state} ${direction} ${direction === 'out' ? peer : local}`;
    const known = this.#sockets.get(key);
    if (known === undefined) {
      if (this.#sockets.size < maxDistinct) this.#sockets.set(key, { ...group });
      return;
    }
    known.count += group.count;
    known.sendQueue += group.sendQueue;
    known.receiveQueue += group.receiveQueue;
    if (known.peer !== peer) known.peer = null;
  }

  /** What another process of the same workload holds. */
  addAll(other: OpenFiles): void {
    this.open += other.open;
    this.#looked += other.looked;
    for (const { kind, count } of other.kinds) this.#addKind(kind, count);
    for (const target of other.targets) this.#addTarget(target);
    for (const group of other.sockets) this.addSocket(group);
  }

  result(timeMs: number): OpenFiles {
    return {
      timeMs,
      open: Math.max(this.open, this.#looked),
      looked: this.#looked,
      kinds: fdKinds
        .map((kind) => ({ kind, count: this.#kinds.get(kind) ?? 0 }))
        .filter(({ count }) => count > 0)
        .sort(byCount),
      targets: [...this.#targets.values()].sort(byCount).slice(0, maxGroups),
      sockets: [...this.#sockets.values()].sort(byCount).slice(0, maxGroups),
    };
  }

  #addKind(kind: FdKind, count: number): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + count);
  }

  #addTarget({ kind, name, count }: TargetCount): void {
    const key = `${kind} ${name}`;
    const known = this.#targets.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#targets.size < maxDistinct) this.#targets.set(key, { kind, name, count });
  }
}

function byCount(a: { count: number }, b: { count: number }): number {
  return b.count - a.count;
}

/** Of all open files; an estimate when only some were looked at. */
export function socketCount({ kinds, open, looked }: OpenFiles): number {
  const seen = kinds.find(({ kind }) => kind === 'socket')?.count ?? 0;
  return looked === open || looked === 0 ? seen : Math.round((seen * open) / looked);
}
