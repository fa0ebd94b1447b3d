/**
 * /proc/net/snmp: counters of IP, TCP and UDP of one network namespace since it was made, named as in their MIBs (RFC 4022, RFC 4113).
 * https://docs.kernel.org/networking/snmp_counter.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { headedNumbers } from './headedNumbers.ts';
import { readText } from './read.ts';

export interface NetSnmp {
  /** TCP segments sent, those sent again not among them; and those. */
  sentSegments: Reading<number>;
  retransmittedSegments: Reading<number>;
  /** Packets of IP that were thrown away for want of buffers. */
  discardedPackets: Reading<number>;
  /** Datagrams that were lost because the program did not take them soon enough, or there was no memory for them. */
  udpBufferErrors: Reading<number>;
}

export function readNetSnmp(procRoot: string): Reading<NetSnmp> {
  const text = readText(`${procRoot}/net/snmp`, 65536);
  return isValue(text) ? parseNetSnmp(text) : text;
}

export function parseNetSnmp(text: string): NetSnmp {
  const tcp = headedNumbers(text, 'Tcp');
  return {
    sentSegments: tcp('OutSegs'),
    retransmittedSegments: tcp('RetransSegs'),
    discardedPackets: headedNumbers(text, 'Ip')('InDiscards', 'OutDiscards'),
    udpBufferErrors: headedNumbers(text, 'Udp')('RcvbufErrors', 'SndbufErrors'),
  };
}
