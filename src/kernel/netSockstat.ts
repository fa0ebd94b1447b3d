/**
 * /proc/net/sockstat: how many sockets there are, without walking over them.
 *
 *   sockets: used 285
 *   TCP: inuse 5 orphan 0 tw 2 alloc 8 mem 3
 *
 * `used` and `alloc` count IPv4 and IPv6; `orphan` are those that no process holds and the kernel still works at.
 * https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface Sockstat {
  /** Sockets of every family that processes of this namespace hold. */
  used: Reading<number>;
  /** TCP sockets that exist, in any state but TIME_WAIT. */
  tcpAllocated: Reading<number>;
  tcpOrphaned: Reading<number>;
  tcpTimeWait: Reading<number>;
}

export function readSockstat(procRoot: string): Reading<Sockstat> {
  const text = readText(`${procRoot}/net/sockstat`, 4096);
  return isValue(text) ? parseSockstat(text) : text;
}

export function parseSockstat(text: string): Sockstat {
  const line = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1] ?? '';
  const count = (of: string, key: string): Reading<number> => {
    const digits = new RegExp(` ${key} (\\d{1,15})(?= |$)`).exec(of)?.[1];
    return digits === undefined ? absent : Number(digits);
  };
  const tcp = line('TCP');
  return {
    used: count(line('sockets'), 'used'),
    tcpAllocated: count(tcp, 'alloc'),
    tcpOrphaned: count(tcp, 'orphan'),
    tcpTimeWait: count(tcp, 'tw'),
  };
}
