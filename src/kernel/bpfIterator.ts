/**
 * Puts the BPF iterator of bpf/tasks.bpf.c into the kernel and gives it a file in bpffs, by the bpftool of the system. Only root may read
 * that file. It is there for as long as the daemon is; what a daemon that was killed left behind, the next one takes away.
 * https://docs.kernel.org/bpf/bpf_iterators.html
 */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StanchError } from '../model/errors.ts';
import { isValue } from '../model/reading.ts';
import { emptyPidStat, parsePidStat } from './pidStat.ts';
import { missingFor, readRecord, readText } from './read.ts';

export interface BpfIterator {
  /** Each opening of this file is a pass over all tasks. */
  path: string;
  /** Takes the file away, and with it the program out of the kernel. */
  remove(): void;
}

/** Where things are; other places are for tests. */
export interface BpfPlaces {
  procRoot: string;
  /** What the kernel says of its own types: without it no program finds its way there. */
  btf: string;
  bpffs: string;
  /** The first that exists is taken. */
  bpftools: readonly string[];
  /** Bundled, this is in dist/, and the build puts a copy of the object beside it. */
  object: string;
}

export const bpfPlaces: BpfPlaces = {
  procRoot: '/proc',
  btf: '/sys/kernel/btf/vmlinux',
  bpffs: '/sys/fs/bpf',
  bpftools: ['/usr/sbin/bpftool', '/usr/local/sbin/bpftool', '/sbin/bpftool', '/usr/bin/bpftool'],
  object: join(import.meta.dirname, 'bpf', 'tasks.bpf.o'),
};

const loadPatienceMs = 20_000;
const bpffsMagic = 0xcafe4a11;
/** CAP_SYS_ADMIN, which stands for both; CAP_PERFMON and CAP_BPF. */
const admin = 1n << 21n;
const perfmonAndBpf = (1n << 38n) | (1n << 39n);

/** Throws STANCH_E_BPF with what is missing, or with what bpftool said. `signal` ends the wait for it. */
export async function pinTaskIterator(signal: AbortSignal, places: BpfPlaces = bpfPlaces): Promise<BpfIterator> {
  const bpftool = requireAll(places);
  removeStalePins(places);
  const path = join(places.bpffs, pinName(process.pid, startTicksOf(places.procRoot, process.pid)));
  const remove = () => removeIfThere(path);
  try {
    // Without --nomount it would mount bpffs where there is none.
    await promisify(execFile)(bpftool, ['--nomount', 'iter', 'pin', places.object, path], {
      signal,
      timeout: loadPatienceMs,
      killSignal: 'SIGKILL',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    if (!isOwnFile(path)) throw new Error(`${path} is not a file of this account`);
    return { path, remove };
  } catch (error) {
    remove();
    throw bpfError('the kernel to take the BPF program', whatWentWrong(error), `Try: ${bpftool} iter pin ${places.object} ${path}`, error);
  }
}

/** The bpftool to take. */
function requireAll({ procRoot, btf, bpffs, bpftools }: BpfPlaces): string {
  if (!existsSync(btf))
    throw bpfError(`a kernel with BTF, ${btf}`, 'none', 'It is there from Linux 5.8 on where CONFIG_DEBUG_INFO_BTF is set.');
  if (!mayLoad(procRoot)) throw bpfError('root, or CAP_BPF and CAP_PERFMON', 'an account without', 'Run stanch as root.');
  if (!isBpffs(bpffs)) throw bpfError(`bpffs at ${bpffs}`, 'none', `Mount it: mount -t bpf bpf ${bpffs}`);
  const bpftool = bpftools.find((path) => existsSync(path));
  if (bpftool === undefined) throw bpfError('bpftool', `none of ${bpftools.join(', ')}`, 'Install it: apt-get install bpftool');
  return bpftool;
}

function mayLoad(procRoot: string): boolean {
  const status = readText(`${procRoot}/self/status`);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]{1,16})$/m.exec(isValue(status) ? status : '')?.[1] ?? '0'}`);
  return (effective & admin) !== 0n || (effective & perfmonAndBpf) === perfmonAndBpf;
}

function isBpffs(path: string): boolean {
  return existsSync(path) && statfsSync(path).type === bpffsMagic;
}

/** In bpffs anybody may make names where the system lets them: only our own files are taken for ours. */
function isOwnFile(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.uid === process.geteuid?.();
}

function pinName(pid: number, startTicks: number): string {
  return `stanch-${pid}-${startTicks}`;
}

/** Pids come round again: the time of start tells one daemon from another. 0 for a process that is gone. */
function startTicksOf(procRoot: string, pid: number): number {
  const bytes = Buffer.alloc(4096);
  const stat = emptyPidStat();
  const length = readRecord(`${procRoot}/${pid}/stat`, bytes);
  return isValue(length) && parsePidStat(bytes, length, stat) ? stat.startTimeTicks : 0;
}

function removeStalePins({ procRoot, bpffs }: BpfPlaces): void {
  for (const name of readdirSync(bpffs)) {
    const pid = Number(/^stanch-(\d{1,10})-\d{1,20}$/.exec(name)?.[1] ?? 0);
    const path = join(bpffs, name);
    if (pid > 0 && isOwnFile(path) && name !== pinName(pid, startTicksOf(procRoot, pid))) removeIfThere(path);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    missingFor(error);
  }
}

const mostSaid = 200;

/** Of all that bpftool says the first line tells what the matter is; after a refusal the whole program follows. */
function whatWentWrong(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed === true) return `no answer of bpftool within ${loadPatienceMs / 1000} s`;
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  const line = (said === '' ? error.message : said).split('\n', 1)[0] ?? '';
  return line.length > mostSaid ? `${line.slice(0, mostSaid - 1)}…` : line;
}

export function bpfError(expected: string, found: string, next: string, cause?: unknown): StanchError {
  return new StanchError('STANCH_E_BPF', { expected, found, next, cause });
}
