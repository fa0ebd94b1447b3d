/**
 * /proc/net/dev: two lines of heading, then one for each network device of the namespace, counters since it was made.
 *
 *     lo:  748905     295    0    0    0     0          0         0   748905     295    0    0    0     0       0          0
 *
 * Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs drop fifo colls carrier compressed.
 * https://man7.org/linux/man-pages/man5/proc_pid_net.5.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface NetDevice {
  name: string;
  packets: number;
  /** Faulty, both ways. */
  errors: number;
  /** Thrown away for want of room, both ways. Received ones that nobody here wanted count as well: a few of them are normal. */
  drops: number;
}

const maxDevices = 4096;

export function readNetDevices(procRoot: string): Reading<NetDevice[]> {
  const text = readText(`${procRoot}/net/dev`, 1 << 20);
  return isValue(text) ? parseNetDevices(text) : text;
}

export function parseNetDevices(text: string): NetDevice[] {
  return text.split('\n', maxDevices).flatMap((line) => {
    const colon = line.lastIndexOf(':');
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/, 16);
    if (colon < 0 || numbers.length < 16 || !numbers.every((word) => /^\d{1,20}$/.test(word))) return [];
    const at = (index: number) => Number(numbers[index]);
    return [{ name: line.slice(0, colon).trim().slice(0, 64), packets: at(1) + at(9), errors: at(2) + at(10), drops: at(3) + at(11) }];
  });
}
