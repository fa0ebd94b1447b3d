/**
 * /proc/net/sockstat and sockstat6: lines `TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 120`. `mem` is in pages and counts the whole machine,
 * IPv6 included; `memory` of FRAG, packets that wait for their other parts, is in bytes and counts one network namespace.
 * https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface Sockstat {
  tcpPages: Reading<number>;
  udpPages: Reading<number>;
  /** IPv4 and IPv6. */
  fragmentBytes: Reading<number>;
}

export function readSockstat(procRoot: string): Reading<Sockstat> {
  const text = readText(`${procRoot}/net/sockstat`, 4096);
  if (!isValue(text)) return text;
  const ipv6 = readText(`${procRoot}/net/sockstat6`, 4096);
  return parseSockstat(text, isValue(ipv6) ? ipv6 : '');
}

export function parseSockstat(text: string, ipv6: string): Sockstat {
  const fragments: Reading<number>[] = [figureOf(text, 'FRAG', 'memory'), figureOf(ipv6, 'FRAG6', 'memory')];
  const told = fragments.filter((bytes): bytes is number => isValue(bytes));
  return {
    tcpPages: figureOf(text, 'TCP', 'mem'),
    udpPages: figureOf(text, 'UDP', 'mem'),
    fragmentBytes: told.length === 0 ? absent : told.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function figureOf(text: string, protocol: string, figure: string): Reading<number> {
  const words = text
    .split('\n', 64)
    .find((line) => line.startsWith(`${protocol}: `))
    ?.split(' ');
  const value = words?.[words.indexOf(figure) + 1];
  return words?.includes(figure) && value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : absent;
}
