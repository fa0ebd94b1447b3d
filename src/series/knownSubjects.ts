import type { Subject } from '../model/subject.ts';
import type { SeenSubject } from './segment.ts';
import { copySubject, sameSubject } from './subjectDocument.ts';

/** The subjects that are being sampled. The others are in the catalog, so that those gone by cost no memory. */
export class KnownSubjects {
  readonly #known = new Map<string, SeenSubject>();
  readonly #findStored: (id: string) => SeenSubject | null;

  constructor(findStored: (id: string) => SeenSubject | null) {
    this.#findStored = findStored;
  }

  all(): Iterable<SeenSubject> {
    return this.#known.values();
  }

  /** Returns whether the subject is not what it was. */
  put(subject: Subject, seenMs: number): boolean {
    const known = this.#known.get(subject.id);
    if (known === undefined) {
      const stored = this.#findStored(subject.id);
      const firstSeenMs = Math.min(stored?.firstSeenMs ?? seenMs, seenMs);
      this.#known.set(subject.id, {
        subject: copySubject(subject),
        firstSeenMs,
        lastSeenMs: seenMs,
      });
      return false;
    }
    known.lastSeenMs = seenMs;
    if (sameSubject(known.subject, subject)) return false;
    known.subject = copySubject(subject);
    return true;
  }

  /** The subject of a sample; one that nobody put is known by its id until somebody does. */
  get(id: string): SeenSubject {
    const known = this.#known.get(id) ?? this.#findStored(id) ?? unnamed(id);
    this.#known.set(id, known);
    return known;
  }

  /** Takes over what a journal knew. */
  restore(seen: SeenSubject): void {
    const known = this.#known.get(seen.subject.id);
    if (known !== undefined) seen.firstSeenMs = Math.min(seen.firstSeenMs, known.firstSeenMs);
    this.#known.set(seen.subject.id, seen);
  }

  /** Forgets those that `isWanted` does not name; returns them. */
  prune(isWanted: (id: string) => boolean): SeenSubject[] {
    const gone = [...this.#known.values()].filter(({ subject }) => !isWanted(subject.id));
    for (const { subject } of gone) this.#known.delete(subject.id);
    return gone;
  }
}

function unnamed(id: string): SeenSubject {
  return { subject: { id, kind: 'process', name: id }, firstSeenMs: Number.NaN, lastSeenMs: 0 };
}
