/**
 * /proc/[pid]/smaps_rollup: the memory of a process summed over its mappings, with shares of shared pages.
 * Dear: walks the page tables under the mmap lock of the process; only on demand. Since Linux 4.14; needs ptrace rights.
 * https://docs.kernel.org/filesystems/proc.html
 */
import { absent, isValue, type Reading } from '../model/reading.ts';
import { parseKeyedNumbers } from './keyedNumbers.ts';
import { readText } from './read.ts';

export interface PidSmapsRollup {
  /** Anonymous memory, each page divided by the number of processes that map it. Since Linux 5.3. */
  pssAnonBytes: Reading<number>;
  /** Swapped-out memory, shared the same way. */
  swapPssBytes: Reading<number>;
}

export function readPidSmapsRollup(path: string): Reading<PidSmapsRollup> {
  const text = readText(path, 65536);
  return isValue(text) ? parsePidSmapsRollup(text) : text;
}

export function parsePidSmapsRollup(text: string): PidSmapsRollup {
  const numbers = parseKeyedNumbers(text);
  const bytesOf = (key: string): Reading<number> => {
    const kibibytes = numbers.get(key);
    return kibibytes === undefined ? absent : kibibytes * 1024;
  };
  return { pssAnonBytes: bytesOf('Pss_Anon'), swapPssBytes: bytesOf('SwapPss') };
}
