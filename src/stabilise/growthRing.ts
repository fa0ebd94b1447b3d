/** How much each workload grew over the last scans: who made the memory short is not always who holds most of it. */
import type { Scan } from '../sample/scan.ts';
import { privateOf } from './target.ts';

const scansKept = 30;
const workloadsKept = 100;

export class GrowthRing {
  readonly #scans: Map<string, number>[] = [];

  add(scan: Scan): void {
    const sizes = scan.workloads
      .map(({ subject, sample }): [string, number] => [subject.id, privateOf(sample)])
      .sort((a, b) => b[1] - a[1])
      .slice(0, workloadsKept);
    this.#scans.push(new Map(sizes));
    if (this.#scans.length > scansKept) this.#scans.shift();
  }

  /** From its lowest of late to what it holds now; the whole of it where it was not among the larger ones then. */
  grewBytes(subjectId: string): number {
    const now = this.#scans.at(-1)?.get(subjectId) ?? 0;
    const lowest = this.#scans.reduce((least, sizes) => Math.min(least, sizes.get(subjectId) ?? 0), now);
    return now - lowest;
  }
}
