/**
 * /proc/[pid]/net/unix: a heading line, then a line for each Unix socket of the network namespace of that process.
 *
 *   Num       RefCount Protocol Flags    Type St Inode Path
 *   00000000: 00000002 00000000 00010000 0001 01 12345 /run/dbus/system_bus_socket
 *
 * Path is missing where the socket has no name, and begins with @ in the abstract namespace. Who is at the other end is not told.
 * https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
 */
import { ByteCursor } from './byteCursor.ts';

export interface UnixSocket {
  inode: number;
  state: 'listening' | 'unconnected' | 'connecting' | 'connected' | 'disconnecting';
  /** Where in the bytes the path stands; both the same when there is none. */
  pathStart: number;
  pathEnd: number;
}

export function emptyUnixSocket(): UnixSocket {
  return { inode: 0, state: 'unconnected', pathStart: 0, pathEnd: 0 };
}

/** Set by listen(). */
const acceptsConnections = 0x10000;
const states = ['unconnected', 'unconnected', 'connecting', 'connected', 'disconnecting'] as const;
const newline = 0x0a;
const cursor = new ByteCursor();

/** The line at `at`. False for the heading and for what is no such line. */
export function parseUnixLine(bytes: Uint8Array, length: number, at: number, into: UnixSocket): boolean {
  cursor.reset(bytes, length, at);
  cursor.skipWords(3);
  const flags = cursor.hex();
  cursor.skipWord();
  const state = states[cursor.hex()];
  into.inode = cursor.decimal();
  if (!(flags >= 0) || state === undefined || !(into.inode >= 0)) return false;
  // Not by bits: the number may be larger than 32 of them hold.
  into.state = Math.floor(flags / acceptsConnections) % 2 === 1 ? 'listening' : state;
  cursor.skipBlanks();
  into.pathStart = cursor.at;
  while (!cursor.atEnd && cursor.byte !== newline) cursor.at += 1;
  into.pathEnd = cursor.at;
  return true;
}
