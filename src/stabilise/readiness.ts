/** Whether stanch could act when nothing else can any more: found out at the start, when there is time to mend it. */
import { parseKeyedNumbers } from '../kernel/keyedNumbers.ts';
import { parsePidCgroup } from '../kernel/pidCgroup.ts';
import { readPidStatus } from '../kernel/pidStatus.ts';
import { readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

export interface ReadinessFacts {
  isRoot: boolean;
  systemdAnswers: boolean;
  /** Own cgroup in the v2 hierarchy; null: none. */
  cgroup: string | null;
  /** memory.min of the top-level slice that it is in, and memory.swap.max there; null: not readable. */
  sliceMin: string | null;
  sliceSwapMax: string | null;
  oomScoreAdj: number | null;
  /** Share of the pages of its program that count for its own cgroup; null: not known. */
  ownCodeShare: number | null;
}

/** Libraries that others use too count for them. */
const leastOwnCode = 0.5;

export function readReadiness(systemdAnswers: boolean, procRoot = '/proc', cgroupRoot = '/sys/fs/cgroup'): ReadinessFacts {
  const text = readText(`${procRoot}/self/cgroup`, 4096);
  const cgroup = isValue(text) ? parsePidCgroup(text).unified : null;
  const slice = cgroup === null ? '' : (cgroup.split('/')[1] ?? '');
  const inSlice = (file: string) => valueIn(`${cgroupRoot}/${slice}/${file}`);
  const score = valueIn(`${procRoot}/self/oom_score_adj`);
  return {
    isRoot: process.geteuid?.() === 0,
    systemdAnswers,
    cgroup,
    sliceMin: slice === '' ? null : inSlice('memory.min'),
    sliceSwapMax: slice === '' ? null : inSlice('memory.swap.max'),
    oomScoreAdj: score === null ? null : Number(score),
    ownCodeShare: cgroup === null ? null : ownCodeShare(`${procRoot}/self`, `${cgroupRoot}${cgroup}/memory.stat`),
  };
}

/** A page of a file counts for whoever brought it into memory. */
function ownCodeShare(directory: string, memoryStatPath: string): number | null {
  const status = readPidStatus(directory);
  const stat = readText(memoryStatPath, 16_384);
  if (!isValue(status) || !isValue(stat)) return null;
  const countedBytes = parseKeyedNumbers(stat).get('file_mapped');
  return countedBytes === undefined || !isValue(status.fileBytes) || status.fileBytes === 0 ? null : countedBytes / status.fileBytes;
}

function valueIn(path: string): string | null {
  const text = readText(path, 64);
  return isValue(text) ? text.trim() : null;
}

/** What is missing, in words; empty: it could. Pure. */
export function missingFor(facts: ReadinessFacts): string[] {
  const missing: string[] = [];
  if (!facts.isRoot) missing.push('it does not run as root');
  if (!facts.systemdAnswers) missing.push('systemd does not answer: only processes without a service could be ended');
  if (facts.sliceMin === null || facts.sliceMin === '0')
    missing.push('its memory can be taken from it: it is not in a slice of its own with MemoryMin');
  if (facts.sliceSwapMax !== '0') missing.push('it can be swapped out: its slice has no MemorySwapMax=0');
  if (facts.ownCodeShare !== null && facts.ownCodeShare < leastOwnCode)
    missing.push(
      'its code can be taken from it: most of that counts for another stanch that ran before; systemctl restart stanch, with no other running',
    );
  if (facts.oomScoreAdj === null || facts.oomScoreAdj > -900) missing.push('the kernel may end it before others: no OOMScoreAdjust=-1000');
  return missing;
}
