/**
 * /proc/[pid]/stat: one line, `pid (comm) state ppid …`.
 * comm is whatever the process wrote there: blanks, parentheses, newlines, bytes that are no UTF-8. It ends at the last `)`.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
import { ByteCursor } from './byteCursor.ts';

export interface PidStat {
  /** Where comm stands in the bytes. */
  commStart: number;
  commEnd: number;
  /** Character code of R, S, D, Z, … */
  state: number;
  parentPid: number;
  kernelThread: boolean;
  userTicks: number;
  systemTicks: number;
  threads: number;
  /** Clock ticks since boot. */
  startTimeTicks: number;
  virtualBytes: number;
  residentPages: number;
}

export function emptyPidStat(): PidStat {
  return {
    commStart: 0,
    commEnd: 0,
    state: 0,
    parentPid: 0,
    kernelThread: false,
    userTicks: 0,
    systemTicks: 0,
    threads: 0,
    startTimeTicks: 0,
    virtualBytes: 0,
    residentPages: 0,
  };
}

const openParenthesis = 0x28;
const closeParenthesis = 0x29;
/** PF_KTHREAD of include/linux/sched.h. */
const kernelThreadFlag = 0x00200000;
const cursor = new ByteCursor();

/** Fills `into`; false when the bytes aren't a stat line. */
export function parsePidStat(bytes: Uint8Array, length: number, into: PidStat): boolean {
  const end = Math.max(0, Math.min(length, bytes.length));
  const open = bytes.indexOf(openParenthesis);
  const close = end === 0 ? -1 : bytes.lastIndexOf(closeParenthesis, end - 1);
  if (open < 0 || close <= open) return false;
  into.commStart = open + 1;
  into.commEnd = close;
  cursor.reset(bytes, end, close + 1);
  cursor.skipBlanks();
  into.state = cursor.byte;
  cursor.skipWord();
  into.parentPid = cursor.decimal();
  cursor.skipWords(4);
  const flags = cursor.decimal();
  // Flags are an unsigned 32-bit word: no bit operation may see more than that.
  into.kernelThread = flags >= 0 && flags <= 0xffffffff && (flags & kernelThreadFlag) !== 0;
  cursor.skipWords(4);
  into.userTicks = cursor.decimal();
  into.systemTicks = cursor.decimal();
  cursor.skipWords(4);
  into.threads = cursor.decimal();
  cursor.skipWords(1);
  into.startTimeTicks = cursor.decimal();
  into.virtualBytes = cursor.decimal();
  into.residentPages = cursor.decimal();
  return !Number.isNaN(
    into.parentPid +
      flags +
      into.userTicks +
      into.systemTicks +
      into.threads +
      into.startTimeTicks +
      into.virtualBytes +
      into.residentPages,
  );
}
