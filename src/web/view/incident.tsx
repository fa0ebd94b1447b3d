/** One incident: what it is and who takes care, what it did to the server, who was told, what people said, and what to hand over. */
import { workloadHref } from '../route.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { IncidentDocument, IncidentRow } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatDuration } from '../words/format.ts';
import { isOpen, severityWord, stateWord } from '../words/incidentWords.ts';
import { inert } from '../words/inert.ts';
import { VerdictFacts } from './facts.tsx';
import { IncidentCascade } from './incidentCascade.tsx';
import { IncidentHandling } from './incidentHandling.tsx';
import { IncidentReport } from './incidentReport.tsx';
import { Moment } from './moment.tsx';

const everyMs = 3000;

export function IncidentView({ id, query }: { id: string; query: URLSearchParams }) {
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
          It may be from another server, or long gone: the last 500 that are over are kept. <a href="#/incidents">See those of this one</a>.
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
        <IncidentState incident={incident} />
      </header>
      {verdict !== null && isOpen(incident) && <VerdictFacts verdict={verdict} />}
      {incident.concerns.length > 0 && isOpen(incident) && (
        <ul class="concerns" aria-label="What stands">
          {incident.concerns.map((text) => (
            <li key={text}>{inert(text)}</li>
          ))}
        </ul>
      )}
      {incident.subjectId !== null && (
        <p class="more">
          <a href={workloadHref(incident.subjectId)}>
            <bdi>{inert(incident.subjectName)}</bdi>: what it holds over time, why it is judged so, and what can be done
          </a>
        </p>
      )}
      {isOpen(incident) && <IncidentHandling incident={incident} />}
      <IncidentCascade found={found} query={query}>
        <Notes notes={found.notes} />
        <Told messages={found.messages} />
      </IncidentCascade>
      <IncidentReport id={id} />
    </>
  );
}

function IncidentState({ incident }: { incident: IncidentRow }) {
  const { state, severity, opened, stateSince, owner, silencedUntil, recurrences } = incident;
  const lastedMs = (isOpen(incident) ? daemonNowMs() : Date.parse(stateSince)) - Date.parse(opened);
  return (
    <ul class="incident-state" aria-label="State">
      <li class={`severity severity-${isOpen(incident) ? severity : 'over'}`}>
        {isOpen(incident) ? severityWord(severity) : stateWord(state)}
      </li>
      {isOpen(incident) && (
        <li>
          {owner === null ? stateWord(state) : <bdi>{inert(owner)} takes care</bdi>}
          {state === 'silenced' && silencedUntil !== null && (
            <>
              {' '}
              until <Moment at={silencedUntil} />
            </>
          )}
        </li>
      )}
      <li>
        Opened <Moment at={opened} />
        {isOpen(incident) ? `, ${formatDuration(lastedMs)} ago` : `, lasted ${formatDuration(lastedMs)}`}
      </li>
      {!isOpen(incident) && owner !== null && (
        <li>
          <bdi>{inert(owner)} took care</bdi>
        </li>
      )}
      {recurrences > 0 && <li>{recurrences === 1 ? 'Came back once' : `Came back ${recurrences} times`}</li>}
    </ul>
  );
}

function Notes({ notes }: { notes: IncidentDocument['notes'] }) {
  return (
    <section aria-labelledby="notes">
      <h2 id="notes">Notes</h2>
      {notes.length === 0 ? (
        <p class="small">None so far. What you write above is for whoever looks next.</p>
      ) : (
        <ul class="notes">
          {notes.map((note) => (
            <li key={`${note.time} ${note.text}`}>
              <p>{inert(note.text)}</p>
              <p class="small">
                <bdi>{inert(note.by)}</bdi>, <Moment at={note.time} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const messageWords: Readonly<Record<string, string>> = {
  opened: 'that it began',
  culprit: 'who causes it',
  worse: 'that it is worse',
  reminder: 'once more',
  escalated: 'because nobody took care',
  recurred: 'that it came back',
  resolved: 'that it is over',
};
const deliveryWords = { pending: 'on its way', sent: 'sent', 'given-up': 'given up' } as const;

function Told({ messages }: { messages: IncidentDocument['messages'] }) {
  return (
    <section aria-labelledby="told">
      <h2 id="told">Who was told</h2>
      {messages.length === 0 ? (
        <p class="small">
          Nobody: there is no channel, or none for this severity. <a href="#/settings">How to set one up</a>
        </p>
      ) : (
        <ul class="notes">
          {messages.map((message) => (
            <li key={`${message.time} ${message.channel} ${message.kind}`} class={message.state === 'given-up' ? 'event-critical' : ''}>
              <p>
                <bdi>{inert(message.channel)}</bdi>: {messageWords[message.kind] ?? message.kind}, {deliveryWords[message.state]}
              </p>
              <p class="small">
                <Moment at={message.time} />
                {message.attempts > 1 ? `, tried ${message.attempts} times` : ''}
                {message.error === null ? '' : `: ${inert(message.error)}`}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
