/** One incident: what it is, what happened in which order, who was told, and what people said. */
import { useState } from 'preact/hooks';
import { workloadHref } from '../route.ts';
import { tell } from '../talk/api.ts';
import type { IncidentDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { VerdictFacts } from './facts.tsx';
import { isOpen } from './incidents.tsx';
import { Moment } from './moment.tsx';
import { problemWords } from './problemWords.ts';

const everyMs = 3000;

export function IncidentView({ id }: { id: string }) {
  const { document: found, problem } = useDocument<IncidentDocument>(
    `incident ${id}`,
    () => `incidents/${encodeURIComponent(id)}`,
    everyMs,
  );
  if (found === null) {
    if (problem?.kind !== 'refused') return <p class="alone waiting">Loading the incident …</p>;
    return (
      <div class="alone">
        <h1>No such incident</h1>
        <p>
          It may be from another server, or long gone. <a href="#/incidents">See those of this one</a>.
        </p>
      </div>
    );
  }
  const { incident, verdict } = found;
  return (
    <>
      <header class="subject">
        <p class="crumb">
          <a href="#/incidents">Incidents</a>
        </p>
        <h1 class="long">{inert(incident.title)}</h1>
        <p class="subject-line">
          {incident.severity} · {incident.state} since <Moment at={incident.stateSince} /> · opened <Moment at={incident.opened} />
          {incident.owner === null ? '' : ` · ${inert(incident.owner)} takes care`}
        </p>
      </header>
      {verdict !== null && <VerdictFacts verdict={verdict} />}
      {incident.subjectId !== null && (
        <p class="more">
          <a href={workloadHref(incident.subjectId)}>See what it holds over time, and why it is judged so</a>
        </p>
      )}
      {isOpen(incident) && <Handling id={id} />}
      <Timeline found={found} />
      <Notes notes={found.notes} />
      <Told messages={found.messages} />
      <p class="more">
        To hand over: <code>stanch report {id}</code>
      </p>
    </>
  );
}

function Handling({ id }: { id: string }) {
  const [by, setBy] = useState('');
  const [note, setNote] = useState('');
  const [said, setSaid] = useState('');
  const send = async (what: string, body: Record<string, unknown>) => {
    try {
      await tell<IncidentDocument>(`incidents/${encodeURIComponent(id)}/${what}`, by.trim() === '' ? body : { ...body, by: by.trim() });
      setSaid('Done.');
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
          <input value={by} maxLength={100} onInput={(event) => setBy(event.currentTarget.value)} />
        </label>
        <button type="button" onClick={() => void send('ack', {})}>
          I take care
        </button>
        <button type="button" onClick={() => void send('silence', { minutes: 60 })}>
          Silence for an hour
        </button>
        <button type="button" onClick={() => void send('resolve', {})}>
          It is over
        </button>
      </div>
      <form
        class="handling-row"
        onSubmit={(event) => {
          event.preventDefault();
          if (note.trim() !== '') void send('note', { text: note.trim() });
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

function Timeline({ found }: { found: IncidentDocument }) {
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened</h2>
      <ol class="timeline">
        {found.timeline.map((event) => (
          <li key={`${event.time} ${event.text}`} class={`event-${event.severity}`}>
            <Moment at={event.time} /> <span class="event-kind">{event.kind}</span> {inert(event.text)}
          </li>
        ))}
      </ol>
      {found.droppedEvents > 0 && <p class="small">{found.droppedEvents} more in the middle were left out.</p>}
    </section>
  );
}

function Notes({ notes }: { notes: IncidentDocument['notes'] }) {
  if (notes.length === 0) return null;
  return (
    <section aria-labelledby="notes">
      <h2 id="notes">Notes</h2>
      <ul class="findings">
        {notes.map((note) => (
          <li key={`${note.time} ${note.text}`}>
            {inert(note.text)}{' '}
            <span class="small">
              {inert(note.by)}, <Moment at={note.time} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Told({ messages }: { messages: IncidentDocument['messages'] }) {
  return (
    <section aria-labelledby="told">
      <h2 id="told">Who was told</h2>
      {messages.length === 0 ? (
        <p class="small">Nobody: no channel is configured, or none for this severity. To set one up: [notify] in the configuration.</p>
      ) : (
        <ul class="findings">
          {messages.map((message) => (
            <li key={`${message.time} ${message.channel} ${message.kind}`}>
              {inert(message.channel)}: {message.kind}, {message.state} <Moment at={message.time} />
              {message.error === null ? '' : ` (${inert(message.error)})`}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
