import { readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

/** 0: it has ended, or has none. */
export function parentOf(pid: number, procRoot: string): number {
  const text = readText(`${procRoot}/${pid}/status`, 16_384);
  return isValue(text) ? Number(/^PPid:\s+(\d+)$/m.exec(text)?.[1] ?? 0) : 0;
}
