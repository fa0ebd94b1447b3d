/**
 * The kernel's log as text, in the forms in which people have it:
 *
 *   [  336.104992] Out of memory: …                                   dmesg
 *   [Sat Nov 22 08:44:12 2025] Out of memory: …                       dmesg -T
 *   2025-11-22T08:44:12,345678+00:00 Out of memory: …                 dmesg --time-format iso
 *   <3>[  336.104992] Out of memory: …                                dmesg -r
 *   kern  :err   : [  336.104992] Out of memory: …                    dmesg -x
 *   [  336.104992] host kernel: Out of memory: …                      journalctl -k -o short-monotonic
 *   Nov 22 08:44:12 host kernel: [  336.104992] Out of memory: …      kern.log, syslog, messages; journalctl -k without the brackets
 *   2025-11-22T08:44:12.345678+00:00 host kernel: Out of memory: …    the same of rsyslog since 2023; journalctl -o short-iso
 *
 * A moment without a year is in this year or the last one, in the time zone of whoever reads. Of other programs those lines are kept that
 * say who was ended for want of memory or what came of it: systemd, systemd-oomd, earlyoom.
 */
export interface KernelLogLine {
  /** Who wrote it: the kernel, or the program named in the log. */
  source: (typeof sources)[number];
  /** Null: the line does not tell. Of text logs with a moment, the moment counts. */
  sinceBootMs: number | null;
  /** Unix, in ms. */
  atMs: number | null;
  message: string;
}

const sources = ['kernel', 'systemd', 'systemd-oomd', 'earlyoom'] as const;
const maxLineLength = 4000;
const level = /^(?:<\d{1,3}>|\w{1,10} {0,10}:\w{1,10} {0,10}: )/;
const monotonic = /^\[ {0,20}(\d{1,12}\.\d{1,9})\] /;
const humanTime = /^\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\] /;
const syslogTime = /^(\w{3} [ \d]\d \d\d:\d\d:\d\d) /;
const isoTime = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) /;
/** Host, which journalctl can leave out, and program as syslog has them. */
const writer = /^(?:(\S{1,255}) )?(kernel|systemd|systemd-oomd|earlyoom)(?:\[\d{1,10}\])?: /;

/** Null: none of these forms, or of another program. `nowMs` decides which year a moment without one is in. */
export function parseKernelLogLine(text: string, nowMs: number): KernelLogLine | null {
  let rest = text.slice(0, maxLineLength).replace(level, '');
  const isBracketed = rest[0] === '[';
  let atMs: number | null = null;
  let sinceBootMs: number | null = null;
  const take = (pattern: RegExp): string | null => {
    const match = pattern.exec(rest);
    if (match === null) return null;
    rest = rest.slice(match[0].length);
    return match[1] ?? '';
  };
  const since = take(monotonic);
  const moment = take(isoTime) ?? take(humanTime);
  const short = moment === null ? take(syslogTime) : null;
  if (since !== null) sinceBootMs = Math.round(Number(since) * 1000);
  if (moment !== null) atMs = momentOf(moment.replace(',', '.'));
  if (short !== null) atMs = nearestYear(short, nowMs);
  const by = writer.exec(rest);
  if (by !== null) rest = rest.slice(by[0].length);
  else if (since === null && atMs === null) return null;
  // With a moment of syslog there is always a writer: without one that is known, the line is of somebody else. Only dmesg has a comma in its.
  else if (short !== null || (moment !== null && !isBracketed && !moment.includes(','))) return null;
  const source = sources.find((name) => name === by?.[2]) ?? 'kernel';
  const inner = source === 'kernel' ? take(monotonic) : null;
  if (inner !== null) sinceBootMs = Math.round(Number(inner) * 1000);
  return { source, sinceBootMs, atMs, message: rest };
}

function momentOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}

/** Nothing was logged in the future: what would lie there by more than a day was a year ago. */
function nearestYear(text: string, nowMs: number): number | null {
  const year = new Date(nowMs).getFullYear();
  const ms = momentOf(`${text} ${year}`);
  if (ms === null) return null;
  return ms > nowMs + 86_400_000 ? momentOf(`${text} ${year - 1}`) : ms;
}
