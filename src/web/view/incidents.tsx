/** Every incident: what is open and who takes care, and the history as a picture and a list. */
import { useState } from 'preact/hooks';
import { incidentHref } from '../route.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { IncidentRow, IncidentsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatDuration } from '../words/format.ts';
import { isOpen, severityWord, stateWord } from '../words/incidentWords.ts';
import { inert } from '../words/inert.ts';
import { IncidentHistory } from './incidentHistory.tsx';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';

const everyMs = 5000;
const pageSize = 50;

export function Incidents() {
  const { document: found, problem } = useDocument<IncidentsDocument>('incidents', () => 'incidents?limit=1000', everyMs);
  if (found === null) {
    if (problem?.kind !== 'refused') return <p class="alone waiting">Loading the incidents …</p>;
    return (
      <div class="alone">
        <h1>The incidents can't be told</h1>
        <p>{problem.error === null ? 'The daemon does not say why.' : inert(`${problem.error.found}. ${problem.error.next}`)}</p>
      </div>
    );
  }
  const open = found.incidents.filter(isOpen);
  const over = found.incidents.filter((incident) => !isOpen(incident));
  return (
    <>
      <header class="subject">
        <h1>{headline(open, over)}</h1>
        <p class="subject-line">One incident for each cause, whatever belongs to it: findings, slow services, kills, actions.</p>
      </header>
      {open.length > 0 && <OpenIncidents incidents={open} heading="Open" />}
      {found.incidents.length > 0 && <IncidentHistory incidents={found.incidents} />}
      {over.length > 0 && <Over incidents={over} />}
    </>
  );
}

function headline(open: readonly IncidentRow[], over: readonly IncidentRow[]): string {
  if (open.length === 0) return over.length === 0 ? 'Nothing has been wrong so far' : 'Nothing is wrong that stanch knows of';
  const uncared = open.filter(({ owner, state }) => owner === null && state !== 'silenced').length;
  const many = open.length === 1 ? 'One incident is open' : `${open.length} incidents are open`;
  return uncared === 0 ? `${many}, and taken care of` : `${many}${open.length === uncared ? '' : `, ${uncared} without anybody`}`;
}

export function OpenIncidents({ incidents, heading }: { incidents: readonly IncidentRow[]; heading: string }) {
  return (
    <section aria-labelledby="incidents-open">
      <h2 id="incidents-open">{heading}</h2>
      <ul class="incidents">
        {incidents.map((incident) => (
          <li key={incident.id} class={`incident-${incident.severity}`}>
            <a href={incidentHref(incident.id)} class="incident-title">
              <Name text={incident.title} />
            </a>
            <ul class="incident-state">
              <li class={`severity severity-${incident.severity}`}>{severityWord(incident.severity)}</li>
              <li>{incident.owner === null ? stateWord(incident.state) : <bdi>{inert(incident.owner)} takes care</bdi>}</li>
              <li>
                Opened <Moment at={incident.opened} />, {formatDuration(daemonNowMs() - Date.parse(incident.opened))} ago
              </li>
              {incident.recurrences > 0 && <li>came back {incident.recurrences} ×</li>}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Over({ incidents }: { incidents: readonly IncidentRow[] }) {
  const [wanted, setWanted] = useState('');
  const [shown, setShown] = useState(pageSize);
  const words = wanted.toLowerCase().split(/\s+/);
  const matching = incidents.filter(({ title, owner }) => words.every((word) => `${title} ${owner ?? ''}`.toLowerCase().includes(word)));
  return (
    <section aria-labelledby="incidents-over">
      <div class="list-head">
        <h2 id="incidents-over">Over</h2>
        <div class="list-tools">
          <label>
            <span>Find</span>
            <input type="search" value={wanted} maxLength={100} onInput={(event) => setWanted(event.currentTarget.value)} />
          </label>
        </div>
      </div>
      {matching.length === 0 ? (
        <p class="small">None of {incidents.length} has these words in it.</p>
      ) : (
        <table class="over">
          <caption class="sr-only">Incidents that are over, the latest first</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Opened</th>
              <th scope="col" class="num">
                Lasted
              </th>
              <th scope="col" class="from-tablet">
                Was
              </th>
              <th scope="col" class="from-tablet">
                Taken care of by
              </th>
            </tr>
          </thead>
          <tbody>
            {matching.slice(0, shown).map((incident) => (
              <tr key={incident.id}>
                <th scope="row">
                  <a href={incidentHref(incident.id)}>
                    <Name text={incident.title.replace(/^Over: /, '')} />
                  </a>
                </th>
                <td>
                  <Moment at={incident.opened} />
                </td>
                <td class="num">{formatDuration(Date.parse(incident.stateSince) - Date.parse(incident.opened))}</td>
                <td class="from-tablet">{severityWord(incident.severity)}</td>
                <td class="from-tablet">
                  {incident.owner === null ? <span class="nothing">nobody</span> : <bdi>{inert(incident.owner)}</bdi>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {matching.length > shown && (
        <p class="pager">
          <button type="button" onClick={() => setShown(shown + pageSize)}>
            Show {Math.min(pageSize, matching.length - shown)} more of {matching.length}
          </button>
        </p>
      )}
    </section>
  );
}
