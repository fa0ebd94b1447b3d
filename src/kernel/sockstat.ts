/**
 * /proc/net/sockstat: how many sockets there are and what their buffers take, without walking over them.
 *
 *   sockets: used 285
 *   TCP: inuse 5 orphan 0 tw 2 alloc 8 mem 3
 *   UDP: inuse 3 mem 2
 *   FRAG: inuse 1 memory 4096
 *
 * `used` and `alloc` count IPv4 and IPv6 in one network namespace; `orphan` are those that no process holds and the kernel still works at.
 * `mem` is in pages and counts the whole machine, IPv6 included; each CPU may be 1 MiB behind. `memory` of packets that wait for their other parts is in bytes, and
 * those of IPv6 are in sockstat6.
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
  tcpPages: Reading<number>;
  udpPages: Reading<number>;
  fragmentBytes: Reading<number>;
}

export function readSockstat(procRoot: string): Reading<Sockstat> {
  const text = readText(`${procRoot}/net/sockstat`, 4096);
  return isValue(text) ? parseSockstat(text) : text;
}

export function parseSockstat(text: string): Sockstat {
  return {
    used: figureOf(text, 'sockets', 'used'),
    tcpAllocated: figureOf(text, 'TCP', 'alloc'),
    tcpOrphaned: figureOf(text, 'TCP', 'orphan'),
    tcpTimeWait: figureOf(text, 'TCP', 'tw'),
    tcpPages: figureOf(text, 'TCP', 'mem'),
    udpPages: figureOf(text, 'UDP', 'mem'),
    fragmentBytes: figureOf(text, 'FRAG', 'memory'),
  };
}

/** sockstat6 has the same form and nothing else of interest: bytes of packets that wait for their other parts. */
export function readIpv6FragmentBytes(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/net/sockstat6`, 4096);
  return isValue(text) ? figureOf(text, 'FRAG6', 'memory') : text;
}

function figureOf(text: string, protocol: string, figure: string): Reading<number> {
  const words = text
    .split('\n', 64)
    .find((line) => line.startsWith(`${protocol}: `))
    ?.split(' ');
  const value = words?.[words.indexOf(figure) + 1];
  return words?.includes(figure) && value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : absent;
}
