/**
 * tracefs: where it is mounted, the records of a uprobe event, and how often its probes were hit.
 * https://docs.kernel.org/trace/uprobetracer.html, https://docs.kernel.org/trace/ftrace.html
 */
import { isValue, type Reading } from '../model/reading.ts';
import { readMountinfo } from './mountinfo.ts';
import { readText } from './read.ts';

const mostProfileBytes = 4 << 20;
const mostEventsBytes = 4 << 20;

/** Null where it is mounted nowhere. systemd mounts it when somebody looks into `/sys/kernel/tracing`. */
export function findTracefs(): string | null {
  const mounts = readMountinfo('/proc');
  return isValue(mounts) ? (mounts.find(({ fileSystem }) => fileSystem === 'tracefs')?.mountPoint ?? null) : null;
}

export interface ProbeRecord {
  /** Of the thread. */
  tid: number;
  /** Where the probe is. */
  at: number;
  /** By the names of the arguments; an array has all of its words. What could not be read has none. */
  words: Map<string, number[]>;
}

/** `    comm-123   [000] DBZff 1.5: event: (0x4711) ax=0x1 stack={0x1,0x2}`: null of any other line. */
export function parseProbeRecord(line: string, event: string): ProbeRecord | null {
  // The name of a thread is whatever it likes, so that what follows it is looked for from the end.
  const from = line.lastIndexOf(`: ${event}: (0x`);
  const tid = /-(\d{1,10}) +\[\d+\] \S+ +[\d.]+$/.exec(from < 0 ? '' : line.slice(0, from))?.[1];
  const [, at, rest] = /^\(0x([0-9a-f]{1,16})\)(.*)$/.exec(line.slice(from + event.length + 4)) ?? [];
  if (tid === undefined || at === undefined || rest === undefined) return null;
  const words = new Map<string, number[]>();
  for (const [, name = '', value = ''] of rest.matchAll(/ (\w+)=(0x[0-9a-f]+|\{[0-9a-fx,]*\})/g)) {
    words.set(name, value.replace(/[{}]/g, '').split(',').map(Number));
  }
  return { tid: Number(tid), at: Number.parseInt(at, 16), words };
}

/** How often the probes of an event were hit, by whichever process, whether it was recorded or not. */
export function readProbeHits(root: string, event: string): Reading<number> {
  const text = readText(`${root}/uprobe_profile`, mostProfileBytes);
  return isValue(text) ? parseProbeHits(text, event) : text;
}

/** `  /path/of/file   event   4711` */
export function parseProbeHits(text: string, event: string): number {
  let hits = 0;
  for (const line of text.split('\n')) {
    const [name, count] = line.trim().split(/\s+/).slice(-2);
    if (name === event && count !== undefined) hits += Number(count) || 0;
  }
  return hits;
}

/** Groups of probes that are defined, with their events. */
export function readProbeGroups(root: string): Reading<Map<string, Set<string>>> {
  const text = readText(`${root}/uprobe_events`, mostEventsBytes);
  return isValue(text) ? parseProbeGroups(text) : text;
}

/** `p:group/event /path:0x0000000000001234 argument=%ax` */
export function parseProbeGroups(text: string): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const [, group = '', event = ''] of text.matchAll(/^[pr]\d*:(\w+)\/(\w+) /gm)) {
    const events = groups.get(group);
    if (events === undefined) groups.set(group, new Set([event]));
    else events.add(event);
  }
  return groups;
}
