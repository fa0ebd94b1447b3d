/** What a person does to an incident. Pure. */
import { type Incident, type IncidentNote, isOpen } from '../model/incident.ts';
import { formatTime } from '../model/units.ts';
import { withEvent } from './grouping.ts';

export type Handling =
  | { action: 'ack' }
  | { action: 'silence'; untilMs: number }
  | { action: 'resolve' }
  | { action: 'note'; text: string };

const maxNotes = 100;
export const maxNoteLength = 2000;

/** Null: it does not apply, because it is over already. */
export function handle(incident: Incident, handling: Handling, by: string, nowMs: number): Incident | null {
  if (handling.action === 'note') {
    const note: IncidentNote = { atMs: nowMs, by, text: handling.text.slice(0, maxNoteLength) };
    return { ...incident, notes: [...incident.notes, note].slice(-maxNotes) };
  }
  if (!isOpen(incident)) return null;
  const said = (text: string) =>
    withEvent(incident, { atMs: nowMs, kind: 'change', subjectId: incident.subjectId, severity: 'info', text });
  switch (handling.action) {
    case 'ack':
      return { ...said(`${by} has seen it and takes care.`), state: 'acknowledged', stateSinceMs: nowMs, silencedUntilMs: null, owner: by };
    case 'silence':
      return {
        ...said(`${by} silenced it until ${formatTime(handling.untilMs)}.`),
        state: 'silenced',
        stateSinceMs: nowMs,
        silencedUntilMs: handling.untilMs,
      };
    case 'resolve':
      return { ...said(`${by} resolved it.`), state: 'resolved', stateSinceMs: nowMs, silencedUntilMs: null };
  }
}
