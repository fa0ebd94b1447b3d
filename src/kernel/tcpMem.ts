/**
 * /proc/sys/net/ipv4/tcp_mem: `low pressure high`, in pages, of the whole machine: above the second the kernel saves on buffers of TCP,
 * above the third it refuses them.
 * https://docs.kernel.org/networking/ip-sysctl.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

/** The most that all buffers of TCP may take, in pages. */
export function readTcpMemLimitPages(procRoot: string): Reading<number> {
  const text = readText(`${procRoot}/sys/net/ipv4/tcp_mem`, 256);
  return isValue(text) ? parseTcpMemLimitPages(text) : text;
}

export function parseTcpMemLimitPages(text: string): Reading<number> {
  const match = /^\d{1,15}\s+\d{1,15}\s+(\d{1,15})\s*$/.exec(text);
  return match === null ? absent : Number(match[1]);
}
