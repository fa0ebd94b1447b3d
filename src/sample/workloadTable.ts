/** The workloads that have members now, by what makes them one. */
import type { Reading } from '../model/reading.ts';
import type { Subject } from '../model/subject.ts';
import { workloadSubjectId } from './subjectId.ts';
import { type IdentifiedWorkload, identifyWorkload } from './workload/identify.ts';
import type { ProcessFacts } from './workload/workloadRule.ts';
import { WorkloadEntry } from './workloadEntry.ts';

export class WorkloadTable {
  readonly #entries = new Map<string, WorkloadEntry>();

  entryOf(facts: ProcessFacts): WorkloadEntry {
    return this.entryFor(identifyWorkload(facts));
  }

  entryFor(identity: IdentifiedWorkload): WorkloadEntry {
    const identityText = `${identity.origin}\0${identity.key}\0${identity.user ?? ''}`;
    const known = this.#entries.get(identityText);
    if (known !== undefined) return known;
    const id = workloadSubjectId(identity.origin, identity.key, identity.user);
    const subject: Subject = {
      id,
      kind: 'workload',
      name: identity.name,
      origin: identity.origin,
      ...(identity.user === undefined ? {} : { user: identity.user }),
      ...(identity.account === undefined ? {} : { account: identity.account }),
      ...(identity.domain === undefined ? {} : { domain: identity.domain }),
    };
    const entry = new WorkloadEntry(subject);
    this.#entries.set(identityText, entry);
    return entry;
  }

  begin(timeMs: number, headroomBytes: Reading<number>): void {
    for (const entry of this.#entries.values()) {
      entry.stamp(timeMs, headroomBytes);
      if (entry.isStale) entry.begin();
    }
  }

  /** Fills `into` with the workloads that have members, and forgets the others. */
  end(into: WorkloadEntry[]): void {
    into.length = 0;
    for (const [identityText, entry] of this.#entries) {
      if (entry.members === 0) {
        this.#entries.delete(identityText);
        continue;
      }
      if (entry.isStale) entry.end();
      into.push(entry);
    }
  }
}
