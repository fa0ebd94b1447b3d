/** What changed on this server lately, from what is written down anyway: dpkg's log, times of files below /etc, the process, the boot. Bounded. */
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { missingFor, readLink } from '../kernel/read.ts';
import { mayNeverAnswer } from '../kernel/remoteFiles.ts';
import { readStat } from '../kernel/stat.ts';
import { isValue } from '../model/reading.ts';
import { applicationChanges } from './applicationFiles.ts';
import { type Change, lookBackMs, slackMs } from './changes.ts';

export interface ChangesFrom {
  onsetMs: number;
  /** Of its largest process; null: none runs. */
  pid: number | null;
  startMs: number | null;
  /** That it is known to run, beside what its command line names. */
  scripts?: readonly string[];
  /** What came later can't be the reason. */
  untilMs?: number;
  root?: string;
}

const maxLogBytes = 512 * 1024;
const maxEntries = 6000;
const maxDepth = 5;
const maxFound = 200;

export function readChanges({ onsetMs, pid, startMs, scripts = [], untilMs = onsetMs + slackMs, root = '' }: ChangesFrom): Change[] {
  const fromMs = onsetMs - lookBackMs;
  const toMs = Math.min(untilMs, onsetMs + slackMs);
  const logs = ['/var/log/dpkg.log.1', '/var/log/dpkg.log'].flatMap((path) => parseDpkgLog(readTail(`${root}${path}`)));
  const all = [
    ...logs,
    ...changedFiles(root, fromMs, toMs),
    ...(pid === null ? [] : [...executableChange(root, pid), ...applicationChanges(root, pid, scripts)]),
    ...(startMs === null ? [] : [{ atMs: startMs, kind: 'restart', name: '', text: 'it was started', source: '/proc' } as const]),
    ...bootChange(root),
  ];
  return all.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).slice(-maxFound * 5);
}

const verbs: Record<string, string> = { upgrade: 'upgraded', install: 'installed', remove: 'removed' };

/** Lines `2026-11-27 22:15:58 upgrade php8.2-fpm:amd64 8.2.7 8.2.20`, in local time; all else is left out. Pure. */
export function parseDpkgLog(text: string): Change[] {
  const found: Change[] = [];
  const line = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (upgrade|install|remove) ([\w.+-]{1,100})(?::\w+)? (\S{1,80}) (\S{1,80})$/gm;
  for (const [, day, time, verb = '', name = '', before, after] of text.matchAll(line)) {
    const atMs = new Date(`${day}T${time}`).getTime();
    if (Number.isNaN(atMs)) continue;
    const isAnew = verb === 'upgrade' && before === after;
    const what = isAnew ? `installed anew, version ${after}` : `${verbs[verb]}${verb === 'upgrade' ? ` from ${before} to ${after}` : ''}`;
    found.push({ atMs, kind: 'package', name, text: `${name} was ${what}`, source: 'dpkg' });
  }
  return found;
}

/** The end of a log that may be long; empty when there is none. */
function readTail(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, maxLogBytes));
      const count = readSync(fd, bytes, 0, bytes.length, Math.max(0, size - maxLogBytes));
      return bytes.toString('latin1', 0, count);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    missingFor(error);
    return '';
  }
}

/** What stanch, package managers and the system itself write there all the time says nothing. */
const restless = /^\/etc\/(?:ld\.so\.cache|mtab|resolv\.conf|adjtime|\.pwd\.lock|ssl\/certs\/|alternatives\/|rc\d\.d\/)|stanch/;

function changedFiles(root: string, fromMs: number, toMs: number): Change[] {
  const found: Change[] = [];
  let seen = 0;
  const walk = (path: string, depth: number): void => {
    for (const name of listOf(`${root}${path}`)) {
      seen += 1;
      if (seen > maxEntries || found.length >= maxFound) return;
      const at = `${path}/${name}`;
      const stat = statOf(`${root}${at}`);
      if (stat === null || restless.test(at)) continue;
      if (stat.isDirectory && depth < maxDepth) walk(at, depth + 1);
      else if (!stat.isDirectory && stat.mtimeMs >= fromMs && stat.mtimeMs <= toMs) found.push(fileChange(at, stat.mtimeMs));
    }
  };
  walk('/etc', 0);
  // Those of users, which `crontab -e` writes.
  walk('/var/spool/cron', 0);
  return found;
}

function fileChange(path: string, atMs: number): Change {
  const kind = path.startsWith('/etc/systemd/') ? 'unit' : /^\/(?:etc|var\/spool)\/cron/.test(path) ? 'cron' : 'config';
  return { atMs, kind, name: path, text: `${path} was changed`, source: 'mtime' };
}

/** When the file was made: mtime is that of its build, and a hard link more moves ctime. */
function executableChange(root: string, pid: number): Change[] {
  const exe = `${root}/proc/${pid}/exe`;
  const program = readLink(exe);
  if (program === null || mayNeverAnswer(program, `${root}/proc`, pid)) return [];
  try {
    const { birthtimeMs } = statSync(exe);
    return [{ atMs: birthtimeMs, kind: 'executable', name: '', text: 'its executable was put there', source: 'its file' }];
  } catch (error) {
    missingFor(error);
    return [];
  }
}

function bootChange(root: string): Change[] {
  const stat = readStat(`${root}/proc`);
  if (!isValue(stat) || !isValue(stat.bootTimeMs)) return [];
  return [{ atMs: stat.bootTimeMs, kind: 'reboot', name: '', text: 'the server was started', source: '/proc/stat' }];
}

function listOf(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    missingFor(error);
    return [];
  }
}

function statOf(path: string): { isDirectory: boolean; mtimeMs: number } | null {
  try {
    const stat = lstatSync(path);
    return { isDirectory: stat.isDirectory(), mtimeMs: stat.mtimeMs };
  } catch (error) {
    missingFor(error);
    return null;
  }
}
