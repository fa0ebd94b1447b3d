/** What people do to an incident: take care, silence, note, end. Under the name they gave last. */
import { useState } from 'preact/hooks';
import { tell } from '../talk/api.ts';
import type { IncidentDocument, IncidentRow } from '../talk/documents.ts';
import { problemWords } from './problemWords.ts';

const nameKey = 'stanch.name';
const silences = [
  { minutes: 60, label: 'an hour' },
  { minutes: 240, label: '4 hours' },
  { minutes: 1440, label: 'a day' },
  { minutes: 10_080, label: 'a week' },
] as const;

export function IncidentHandling({ incident }: { incident: IncidentRow }) {
  const [by, setBy] = useState(localStorage.getItem(nameKey) ?? '');
  const [note, setNote] = useState('');
  const [minutes, setMinutes] = useState<number>(silences[0].minutes);
  const [said, setSaid] = useState('');
  const send = async (what: string, body: Record<string, unknown>, done: string) => {
    const name = by.trim();
    if (name !== '') localStorage.setItem(nameKey, name);
    try {
      await tell<IncidentDocument>(`incidents/${encodeURIComponent(incident.id)}/${what}`, name === '' ? body : { ...body, by: name });
      setSaid(done);
      setNote('');
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <section aria-label="Take care" class="panel handling">
      <div class="handling-row">
        <label>
          <span>Your name</span>
          <input value={by} maxLength={100} autocomplete="name" onInput={(event) => setBy(event.currentTarget.value)} />
        </label>
        <button
          type="button"
          class={incident.owner === null ? 'primary' : ''}
          onClick={() => void send('ack', {}, 'Taken care of: nobody is reminded any more.')}
        >
          I take care
        </button>
        <span class="handling-pair">
          <label>
            <span>Tell nobody for</span>
            <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
              {silences.map((one) => (
                <option key={one.minutes} value={one.minutes}>
                  {one.label}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            onClick={() => void send('silence', { minutes }, 'Silenced. It opens again by itself when the time is over.')}
          >
            Silence
          </button>
        </span>
        <button type="button" onClick={() => void send('resolve', {}, 'It is over. When it begins anew, it comes back.')}>
          It is over
        </button>
      </div>
      <form
        class="handling-row"
        onSubmit={(event) => {
          event.preventDefault();
          if (note.trim() !== '') void send('note', { text: note.trim() }, 'Written down.');
        }}
      >
        <label class="handling-note">
          <span>Note for whoever looks next</span>
          <input value={note} maxLength={2000} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <button type="submit">Write it down</button>
      </form>
      <p role="status">{said}</p>
    </section>
  );
}
