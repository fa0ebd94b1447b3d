/**
 * A pool of PHP-FPM: its workers, found from any one of them, and which scripts make them grow. To be looked at some ten times a second: what
 * counts are the times in which a worker did exactly one request.
 */
import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { emptyPidStat, parsePidStat } from '../../kernel/pidStat.ts';
import { missingFor, readRecord, readText } from '../../kernel/read.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';
import { TargetMemory } from '../targetMemory.ts';
import { fastCgiGet } from './fastCgi.ts';
import { type FpmPoolConfig, parseFpmConfig } from './fpmConfig.ts';
import { FpmWatch, type ScriptGrowth } from './fpmGrowth.ts';
import { lastingBytes } from './fpmMemory.ts';
import { type FpmWorker, parseFpmScoreboard, parseFpmStatus } from './fpmStatus.ts';
import { poolOfWorker, titleOf } from './fpmTitle.ts';
import { findZendHeap, type ZendHeap } from './zendHeap.ts';

const masterTitle = /^php-fpm[\d.]*: master process \((.{1,1024})\)/;
const mostScoreboardBytes = 16 << 20;
const mostConfigFiles = 2_000;
const mostWorkers = 2_000;
const mostWorkersEver = 100_000;
const statusPatienceMs = 1_000;
const record = Buffer.alloc(65_536);

interface OpenWorker {
  memory: TargetMemory;
  heap: ZendHeap;
  requests: number;
  bytes: number;
}

/** Null when the process is no worker of PHP-FPM. */
export function openFpmPool(pid: number): FpmPool | null {
  const pool = poolOfWorker(pid);
  const stat = emptyPidStat();
  const length = readRecord(`/proc/${pid}/stat`, record);
  if (pool === null || !isValue(length) || !parsePidStat(record, length, stat)) return null;
  return new FpmPool(pool, stat.parentPid);
}

export class FpmPool {
  readonly pool: string;
  readonly #master: number;
  /** Undefined until it is needed: of a host with many accounts it is in many files. */
  #config: FpmPoolConfig | null | undefined;
  readonly #watch = new FpmWatch();
  readonly #workers = new Map<number, OpenWorker>();
  readonly #everThere = new Set<number>();
  #isStateSeen = false;

  constructor(pool: string, master: number) {
    this.pool = pool;
    this.#master = master;
  }

  /** Of all workers of the pool that there are now. */
  workers(): number[] {
    const children = readText(`/proc/${this.#master}/task/${this.#master}/children`);
    const pids = isValue(children)
      ? children
          .split(' ')
          .map(Number)
          .filter((pid) => pid > 0)
      : [];
    return pids.filter((pid) => poolOfWorker(pid) === this.pool).slice(0, mostWorkers);
  }

  async look(): Promise<void> {
    const pids = new Set(this.workers());
    for (const pid of pids) if (this.#everThere.size < mostWorkersEver) this.#everThere.add(pid);
    for (const [pid, { memory }] of this.#workers) {
      if (pids.has(pid)) continue;
      memory.close();
      this.#workers.delete(pid);
    }
    const states = await this.#states(pids);
    if (states.length > 0) this.#isStateSeen = true;
    this.#watch.look(states.flatMap((state) => this.#sighting(state)));
  }

  /** `workers`: that were there at any look, as each ends after its time; `isStateSeen`: what any of them does was told. */
  seen(): { workers: number; isStateSeen: boolean; requests: number; requestsAlone: number } {
    return { workers: this.#everThere.size, isStateSeen: this.#isStateSeen, ...this.#watch.seen() };
  }

  scripts(): ScriptGrowth[] {
    return this.#watch.scripts();
  }

  close(): void {
    for (const { memory } of this.#workers.values()) memory.close();
    this.#workers.clear();
  }

  /** An address of its own for the state takes no worker away from requests, and neither does the scoreboard; the pool's own address does. */
  async #states(pids: ReadonlySet<number>): Promise<FpmWorker[]> {
    const first = [...pids][0];
    const seen = first === undefined ? [] : this.#scoreboard(first, pids);
    if (seen.length > 0) return seen;
    if (this.#config === undefined) this.#config = readPoolConfig(this.#master, this.pool);
    const { listen, statusPath } = this.#config ?? { listen: null, statusPath: null };
    if (listen === null || statusPath === null) return [];
    const query = 'full&json';
    const params = { SCRIPT_NAME: statusPath, SCRIPT_FILENAME: statusPath, REQUEST_URI: `${statusPath}?${query}`, QUERY_STRING: query };
    try {
      const text = await fastCgiGet(listen, { ...params, REQUEST_METHOD: 'GET' }, statusPatienceMs);
      return (parseFpmStatus(text) ?? []).filter(({ pid }) => pids.has(pid));
    } catch (error) {
      if (!(error instanceof StanchError)) throw error;
      // All workers may be busy: the next look asks again.
      return [];
    }
  }

  /** Memory that all workers share and that has no file: there is little of it beside opcache's. */
  #scoreboard(pid: number, pids: ReadonlySet<number>): FpmWorker[] {
    const memory = this.#open(pid)?.memory;
    for (const { start, end, path } of memory?.regions() ?? []) {
      if (!path.startsWith('/dev/zero') || end - start > mostScoreboardBytes) continue;
      const bytes = Buffer.alloc(end - start);
      const found = memory?.read(start, bytes) === bytes.length ? parseFpmScoreboard(bytes, pids) : [];
      if (found.length > 0) return found;
    }
    return [];
  }

  #open(pid: number): OpenWorker | null {
    const known = this.#workers.get(pid);
    if (known !== undefined) return known;
    try {
      const memory = new TargetMemory(pid);
      const heap = findZendHeap(memory);
      if (heap === null) {
        memory.close();
        return null;
      }
      const opened = { memory, heap, requests: -1, bytes: 0 };
      this.#workers.set(pid, opened);
      return opened;
    } catch (error) {
      missingFor(error);
      return null;
    }
  }

  /** Measured anew only after a request, and only while none runs. */
  #sighting(state: FpmWorker): (FpmWorker & { lastingBytes: number })[] {
    const worker = this.#open(state.pid);
    if (worker === null) return [];
    if (state.isIdle && worker.requests !== state.requests) {
      worker.bytes = lastingBytes(worker.memory, worker.heap);
      worker.requests = state.requests;
    }
    return [{ ...state, lastingBytes: worker.bytes }];
  }
}

function readPoolConfig(master: number, pool: string): FpmPoolConfig | null {
  const main = masterTitle.exec(titleOf(master))?.[1];
  const waiting = main === undefined ? [] : [main];
  for (let read = 0; read < mostConfigFiles && waiting.length > 0; read += 1) {
    const text = readText(`/proc/${master}/root${waiting.shift()}`);
    if (!isValue(text)) continue;
    const { pools, includes } = parseFpmConfig(text);
    const found = pools.find((each) => each.pool === pool);
    if (found !== undefined) return found;
    waiting.push(...includes.flatMap((pattern) => filesOf(`/proc/${master}/root`, pattern)));
  }
  return null;
}

/** Of a pattern with a star in its last part, as all distributions write it. */
function filesOf(root: string, pattern: string): string[] {
  const { dir, base } = posix.parse(pattern);
  const [head = '', tail] = base.split('*');
  if (tail === undefined) return [pattern];
  try {
    const names = readdirSync(`${root}${dir}`).filter((name) => name.startsWith(head) && name.endsWith(tail));
    return names.map((name) => `${dir}/${name}`);
  } catch (error) {
    missingFor(error);
    return [];
  }
}
