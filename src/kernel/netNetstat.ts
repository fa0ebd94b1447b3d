/**
 * /proc/net/netstat: Linux's own counters of TCP and IP, of one network namespace, since it was made.
 * https://docs.kernel.org/networking/snmp_counter.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { headedNumbers } from './headedNumbers.ts';
import { readText } from './read.ts';

export interface NetNetstat {
  /** Connections refused because the program did not accept the ones before: its queue was full. */
  listenOverflows: Reading<number>;
  /** Times the timer of a connection ran out and it had to send again: what retransmissions without feedback are. */
  timeouts: Reading<number>;
  /** Opening packets that had to be sent again. */
  synRetransmits: Reading<number>;
  /** Connections ended, and times the limits of `tcp_mem` were met, for want of memory for buffers. */
  memoryAborts: Reading<number>;
  memoryPressures: Reading<number>;
  /** Segments dropped because the program was too slow to take them or their buffer was full. */
  receiveDrops: Reading<number>;
}

export function readNetNetstat(procRoot: string): Reading<NetNetstat> {
  const text = readText(`${procRoot}/net/netstat`, 65536);
  return isValue(text) ? parseNetNetstat(text) : text;
}

export function parseNetNetstat(text: string): NetNetstat {
  const tcp = headedNumbers(text, 'TcpExt');
  return {
    listenOverflows: tcp('ListenOverflows'),
    timeouts: tcp('TCPTimeouts'),
    synRetransmits: tcp('TCPSynRetrans'),
    memoryAborts: tcp('TCPAbortOnMemory'),
    memoryPressures: tcp('TCPMemoryPressures'),
    receiveDrops: tcp('TCPBacklogDrop', 'TCPRcvQDrop', 'RcvPruned', 'OfoPruned'),
  };
}
