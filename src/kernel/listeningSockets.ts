/** Which ports of TCP are listened at: those sockets stand before all others in /proc/net/tcp and tcp6, which is read no further. */
import { isValue } from '../model/reading.ts';
import { LinePieces } from './linePieces.ts';
import { emptyInetSocket, inetAddress, listening, parseInetLine } from './netInet.ts';

export interface ListeningSocket {
  /** `0.0.0.0`, `::`, `127.0.0.1` … */
  address: string;
  port: number;
  inode: number;
}

const maxSockets = 1000;
const socket = emptyInetSocket();

/** Of the network namespace of stanch, IPv4 first. Tables that are not there are empty. */
export function readListeningSockets(procRoot: string): ListeningSocket[] {
  return [...listeningIn(`${procRoot}/self/net/tcp`), ...listeningIn(`${procRoot}/self/net/tcp6`)];
}

function listeningIn(path: string): ListeningSocket[] {
  const table = LinePieces.open(path);
  if (!isValue(table)) return [];
  const found: ListeningSocket[] = [];
  try {
    while (table.next()) {
      for (const at of table.lines()) {
        // The heading is no such line.
        if (!parseInetLine(table.bytes, table.length, at, socket)) continue;
        if (socket.state !== listening || found.length >= maxSockets) return found;
        const { localPort: port, inode } = socket;
        found.push({ address: inetAddress(table.bytes, socket.localAt, socket.addressDigits), port, inode });
      }
    }
    return found;
  } finally {
    table.close();
  }
}
