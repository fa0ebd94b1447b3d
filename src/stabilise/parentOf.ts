import { readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

const mostAncestors = 64;

/** 0: it has ended, or has none. */
export function parentOf(pid: number, procRoot: string): number {
  const text = readText(`${procRoot}/${pid}/status`, 16_384);
  return isValue(text) ? Number(/^PPid:\s+(\d+)$/m.exec(text)?.[1] ?? 0) : 0;
}

/** Of this process, of what started it, and so on. */
export function ownLine(procRoot: string): number[] {
  const line = [process.pid];
  for (let pid = parentOf(process.pid, procRoot); pid > 0 && line.length < mostAncestors; pid = parentOf(pid, procRoot)) line.push(pid);
  return line;
}
