/** Every incident, open ones first: one cause each, with who takes care. */
import { incidentHref } from '../route.ts';
import type { IncidentRow, IncidentsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { Moment } from './moment.tsx';

const everyMs = 5000;

export function Incidents() {
  const { document: found } = useDocument<IncidentsDocument>('incidents', () => 'incidents?limit=200', everyMs);
  if (found === null) return <p class="alone waiting">Loading the incidents …</p>;
  const open = found.incidents.filter(isOpen);
  const over = found.incidents.filter((incident) => !isOpen(incident));
  return (
    <>
      <header class="subject">
        <h1>{open.length === 0 ? 'Nothing is wrong that stanch knows of' : `${open.length} open`}</h1>
        <p class="subject-line">One incident for each cause, whatever belongs to it: findings, slow services, kills, actions.</p>
      </header>
      {open.length > 0 && <List name="Open" incidents={open} />}
      {over.length > 0 && <List name="Over" incidents={over} />}
    </>
  );
}

export function isOpen({ state }: IncidentRow): boolean {
  return state !== 'resolved';
}

function List({ name, incidents }: { name: string; incidents: readonly IncidentRow[] }) {
  const id = `incidents-${name.toLowerCase()}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{name}</h2>
      <ul class="incidents">
        {incidents.map((incident) => (
          <li key={incident.id} class={isOpen(incident) ? `incident-${incident.severity}` : ''}>
            <a href={incidentHref(incident.id)}>{inert(incident.title)}</a>
            <p class="small">
              {incident.severity}, {incident.state} since <Moment at={incident.stateSince} />
              {incident.owner === null ? '' : `, ${inert(incident.owner)} takes care`}
              {incident.recurrences > 0 ? `, came back ${incident.recurrences} ×` : ''}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
