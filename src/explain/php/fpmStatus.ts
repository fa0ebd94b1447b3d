/**
 * What each worker of a pool of PHP-FPM does: from its status page, and from the scoreboard, the memory that the master shares with all
 * workers, which is there also where no status page is switched on, and takes no worker away to ask.
 */
import { wordAt } from './zendHeap.ts';

export interface FpmWorker {
  pid: number;
  /** Since it started, the running one included. */
  requests: number;
  /** Of the request that runs, or of the last one; null before the first. */
  script: string | null;
  uri: string | null;
  method: string | null;
  isIdle: boolean;
}

/** The answer to `/status?full&json`; null when it is none. */
export function parseFpmStatus(text: string): FpmWorker[] | null {
  const document = parseJson(text);
  if (typeof document !== 'object' || document === null || !('processes' in document) || !Array.isArray(document.processes)) return null;
  return document.processes.flatMap((each: unknown) => workerOf(each));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function workerOf(process: unknown): FpmWorker[] {
  if (typeof process !== 'object' || process === null) return [];
  const fields = new Map<string, unknown>(Object.entries(process));
  const [pid, requests] = [fields.get('pid'), fields.get('requests')];
  if (typeof pid !== 'number' || typeof requests !== 'number') return [];
  const text = (name: string) => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' && value !== '-' ? value : null;
  };
  const state = {
    script: text('script'),
    uri: text('request uri'),
    method: text('request method'),
    isIdle: fields.get('state') === 'Idle',
  };
  return [{ pid, requests, ...state }];
}

/** Lengths of the texts of fpm_scoreboard_proc_s, the same since PHP 5.4. */
const uriBytes = 128;
const queryBytes = 512;
const methodBytes = 16;
const scriptBytes = 256;
/** From the pid to the uri, and to the number of requests: that is a long from PHP 8 on. */
const layouts = [
  { uri: 80, requests: 8, stage: 16 },
  { uri: 72, requests: 4, stage: 8 },
];
const acceptingStage = 1;

/** The records of these workers in the memory that they share. */
export function parseFpmScoreboard(bytes: Buffer, pids: ReadonlySet<number>): FpmWorker[] {
  const found = new Map<number, FpmWorker>();
  for (let at = 32; at + 1_100 <= bytes.length; at += 8) {
    const pid = bytes.readUInt32LE(at);
    if (!pids.has(pid) || found.has(pid) || bytes.readUInt32LE(at + 4) > 2 ** 31) continue;
    // Before the pid is when the worker started.
    const startedSeconds = wordAt(bytes, at - 8);
    if (startedSeconds < 1e9 || startedSeconds > 1e11) continue;
    const worker = layouts.map((layout) => workerAt(bytes, at, pid, layout)).find((each) => each !== null);
    if (worker != null) found.set(pid, worker);
  }
  return [...found.values()];
}

function workerAt(bytes: Buffer, at: number, pid: number, layout: { uri: number; requests: number; stage: number }): FpmWorker | null {
  const uriAt = at + layout.uri;
  const methodAt = uriAt + uriBytes + queryBytes;
  const uri = textAt(bytes, uriAt, uriBytes);
  const method = textAt(bytes, methodAt, methodBytes);
  // The length of the body lies between method and script.
  const script = textAt(bytes, methodAt + methodBytes + 8, scriptBytes);
  if (uri?.startsWith('/') !== true || method === null || !/^[A-Z]+$/.test(method) || script === null) return null;
  const requests = bytes.readUInt32LE(at + layout.requests);
  return { pid, requests, script, uri, method, isIdle: bytes.readUInt32LE(at + layout.stage) === acceptingStage };
}

function textAt(bytes: Buffer, at: number, length: number): string | null {
  if (at + length > bytes.length) return null;
  const end = bytes.indexOf(0, at);
  return end <= at || end >= at + length ? null : bytes.toString('utf8', at, end);
}
