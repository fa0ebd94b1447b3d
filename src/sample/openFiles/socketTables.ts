/**
 * Finds the sockets that some processes hold in the tables of their network namespace, by inode. Only what is looked for is kept,
 * and a table is read no further than until everything is found.
 */
import { LinePieces } from '../../kernel/linePieces.ts';
import { emptyInetSocket, inetAddress, listening, parseInetLine, tcpStateName, udpStateName } from '../../kernel/netInet.ts';
import { emptyUnixSocket, parseUnixLine } from '../../kernel/netUnix.ts';
import { isValue } from '../../model/reading.ts';
import { shownText } from '../shownText.ts';
import type { OpenFilesTally, SocketGroup } from './openFiles.ts';

/** Who holds each inode: processes of one fork share sockets. */
export type WantedSockets = Map<number, OpenFilesTally[]>;

const maxPathLength = 200;
const inet = emptyInetSocket();
const unix = emptyUnixSocket();

/** Yields between pieces. `netDirectory`: /proc/[pid]/net of a process in the namespace. Takes what it finds out of `wanted`. */
export function* findSockets(netDirectory: string, wanted: WantedSockets): Generator<void, void, void> {
  // The process by whose folder they are read may have ended meanwhile: nothing is known then.
  if (!(yield* walk(`${netDirectory}/unix`, wanted, unixLine))) return;
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const family of ['', '6']) yield* walk(`${netDirectory}/${protocol}${family}`, wanted, inetLines(protocol));
  }
  for (const inode of [...wanted.keys()]) tell(wanted, inode, { ...nothingKnown, protocol: 'other', state: '' });
}

type TakeLine = (table: LinePieces, at: number, wanted: WantedSockets) => void;

/** False: there is no such table. */
function* walk(path: string, wanted: WantedSockets, take: TakeLine): Generator<void, boolean, void> {
  if (wanted.size === 0) return true;
  const table = LinePieces.open(path);
  if (!isValue(table)) return false;
  try {
    while (wanted.size > 0 && table.next()) {
      for (const at of table.lines()) take(table, at, wanted);
      yield;
    }
    return true;
  } finally {
    table.close();
  }
}

const nothingKnown = { direction: null, local: null, peer: null, count: 1, sendQueue: 0, receiveQueue: 0 } as const;

function tell(wanted: WantedSockets, inode: number, group: SocketGroup): void {
  for (const tally of wanted.get(inode) ?? []) tally.addSocket(group);
  wanted.delete(inode);
}

function unixLine(table: LinePieces, at: number, wanted: WantedSockets): void {
  if (!parseUnixLine(table.bytes, table.length, at, unix) || !wanted.has(unix.inode)) return;
  const path = shownText(table.bytes.toString('latin1', unix.pathStart, unix.pathEnd), maxPathLength);
  tell(wanted, unix.inode, { ...nothingKnown, protocol: 'unix', state: unix.state, local: path === '' ? null : path });
}

/** Sockets that listen stand before all others in a table: whoever is connected to one of their ports came from outside. */
function inetLines(protocol: 'tcp' | 'udp'): TakeLine {
  const listeningPorts = new Set<number>();
  return (table, at, wanted) => {
    if (!parseInetLine(table.bytes, table.length, at, inet)) return;
    const listens = protocol === 'tcp' && inet.state === listening;
    if (listens) listeningPorts.add(inet.localPort);
    if (!wanted.has(inet.inode)) return;
    const { inode, sendQueue, receiveQueue, localPort, peerPort } = inet;
    const common = { protocol, count: 1, sendQueue, receiveQueue };
    const state = protocol === 'tcp' ? tcpStateName(inet.state) : udpStateName(inet.state);
    const local = `port ${localPort}`;
    if (listens || peerPort === 0) return tell(wanted, inode, { ...common, state, direction: null, local, peer: null });
    const address = inetAddress(table.bytes, inet.peerAt, inet.addressDigits);
    if (listeningPorts.has(localPort)) return tell(wanted, inode, { ...common, state, direction: 'in', local, peer: address });
    const peer = address.includes(':') ? `[${address}]:${peerPort}` : `${address}:${peerPort}`;
    tell(wanted, inode, { ...common, state, direction: 'out', local: null, peer });
  };
}
