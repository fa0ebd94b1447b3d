/** `stanch oom [FILE]`: the post-mortem of a process that was killed for want of memory. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { buildCommand } from '@stricli/core';
import { parseKernelLogLine } from '../kernel/kernelLogText.ts';
import { KernelLog } from '../kernel/kmsg.ts';
import { OomReader } from '../kernel/oomReport.ts';
import { readStat } from '../kernel/stat.ts';
import { StanchError } from '../model/errors.ts';
import type { Kill } from '../model/kill.ts';
import { isValue, notPermitted } from '../model/reading.ts';
import { postMortem } from '../relate/oom/postMortem.ts';
import { postMortemDocument } from '../serve/kills.ts';
import { type KillsDocument, killsSchema, type PostMortemDocument } from '../serve/schema.ts';
import { createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { oomReport } from './oomReport.ts';
import { createPaint } from './paint.ts';
import { surroundings } from './settingsFlags.ts';

interface Flags extends ClientFlags {
  json: boolean;
}

/** The newest are kept. */
const maxKills = 1000;
const maxRecords = 1_000_000;

export const oomCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: 'Who was killed for want of memory, who used it up, what would have prevented it',
    fullDescription:
      "Without FILE, what the running daemon knows, with the history before the kill; without a daemon, the kernel's own log. FILE is a log as text: of dmesg, kern.log, syslog, or journalctl; - reads it from stdin: journalctl -k | stanch oom -. The latest kill is shown in full. Exit code 0, also when nothing was killed; 66 when there is no log to read.",
  },
  parameters: {
    flags: {
      ...clientFlags,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print every kill as one JSON document' },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, optional: true, placeholder: 'FILE', brief: 'A kernel log as text; - for stdin' }],
    },
  },
  func: oom,
});

async function oom(this: CliContext, flags: Flags, file?: string): Promise<void> {
  const { stdout, env } = this.process;
  const document = file === undefined ? await fromDaemonOrKernel(flags, env) : await withHistory(await readLog(file), flags, env);
  if (flags.json) stdout.write(`${jsonText(document)}\n`);
  else stdout.write(oomReport(document, { paint: createPaint(stdout, env, flags.noColor), width: stdout.columns ?? 100 }));
}

/** What the daemon knows of the same kills, with the history before them, comes first. */
async function withHistory(kills: readonly Kill[], flags: Flags, env: CliContext['process']['env']): Promise<KillsDocument> {
  const document = documentOf(kills);
  const known = new Map((await askDaemon(flags, env))?.kills.map((kill) => [kill.id, kill]));
  return { ...document, kills: document.kills.map((kill) => known.get(kill.id) ?? kill) };
}

/** Null: none runs here, or none that answers this account. */
async function askDaemon(flags: Flags, env: CliContext['process']['env']): Promise<KillsDocument | null> {
  try {
    return await createClient(flags.url, surroundings(env)).get('/api/v1/kills', killsSchema);
  } catch (error) {
    if (!(error instanceof StanchError) || flags.url !== undefined) throw error;
    return null;
  }
}

/** The daemon knows more, but it may not run, or not be allowed to read the log. */
async function fromDaemonOrKernel(flags: Flags, env: CliContext['process']['env']): Promise<KillsDocument> {
  const told = await askDaemon(flags, env);
  return told !== null && (told.kills.length > 0 || flags.url !== undefined) ? told : documentOf(readKernelLog());
}

function documentOf(kills: readonly Kill[]): KillsDocument {
  const documents: PostMortemDocument[] = kills.map((kill) => postMortemDocument(postMortem(kill, null)));
  return { schema: 'stanch.kills/1', time: new Date().toISOString(), kills: documents.reverse() };
}

function readKernelLog(): Kill[] {
  const log = KernelLog.open();
  if (!isValue(log)) {
    throw new StanchError(log === notPermitted ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_NO_INPUT', {
      expected: "a running daemon, or the kernel's log in /dev/kmsg",
      found: log === notPermitted ? 'no daemon, and no permission to read the log' : 'neither',
      next: 'As root, or from what is at hand: journalctl -k | stanch oom -',
    });
  }
  try {
    const stat = readStat('/proc');
    const bootTimeMs = isValue(stat) && isValue(stat.bootTimeMs) ? stat.bootTimeMs : null;
    const collected = new KillCollector();
    for (const line of log.read(maxRecords)) {
      collected.add({ ...line, atMs: bootTimeMs === null || line.sinceBootMs === null ? null : bootTimeMs + line.sinceBootMs });
    }
    return collected.kills;
  } finally {
    log.close();
  }
}

class KillCollector {
  readonly kills: Kill[] = [];
  readonly #reader = new OomReader();

  add(line: Parameters<OomReader['push']>[0]): void {
    const kill = this.#reader.push(line);
    if (kill === null) return;
    this.kills.push(kill);
    if (this.kills.length > maxKills) this.kills.shift();
  }
}

async function readLog(file: string): Promise<Kill[]> {
  const collected = new KillCollector();
  const nowMs = Date.now();
  let known = 0;
  try {
    const input = file === '-' ? process.stdin : createReadStream(file);
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parseKernelLogLine(text, nowMs);
      if (line === null) continue;
      known += 1;
      collected.add(line);
    }
  } catch (error) {
    throw noLog(file, error instanceof Error ? error.message : String(error), error);
  }
  if (known === 0) throw noLog(file, 'no line of one');
  return collected.kills;
}

function noLog(file: string, found: string, cause?: unknown): StanchError {
  const denied = cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
  return new StanchError(denied ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_NO_INPUT', {
    expected: `a log of the kernel as text in ${file === '-' ? 'stdin' : file}`,
    found,
    next: file.endsWith('.gz') ? 'Unpack it on the way: zcat FILE | stanch oom -' : 'For example: journalctl -k | stanch oom -',
    cause,
  });
}
