/** Post-mortems over a restart of stanch or of the server, which the kernel's own log does not outlast: in the store, with the other states. */
import type { PostMortem } from '../../model/kill.ts';
import type { SeriesStore } from '../../series/store.ts';

type StateStore = Pick<SeriesStore, 'states' | 'putState'>;

/** No id of a subject looks like this. */
const stateId = 'host/kills';
/** Of another version they are forgotten. */
const version = 1;
/** The newest are kept. */
const maxKept = 30;

interface Kept {
  version: number;
  kills: PostMortem[];
}

/** Oldest first. */
export function readKeptKills(store: Pick<StateStore, 'states'>): PostMortem[] {
  for (const { subjectId, bytes } of store.states()) {
    if (subjectId !== stateId) continue;
    // Sealed by the store, and written by nobody but this file.
    const kept: Kept = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return kept.version === version ? kept.kills : [];
  }
  return [];
}

export function keepKills(store: Pick<StateStore, 'putState'>, kills: readonly PostMortem[], nowMs: number): void {
  const kept: Kept = { version, kills: kills.slice(-maxKept) };
  store.putState(stateId, nowMs, Buffer.from(JSON.stringify(kept)));
}
