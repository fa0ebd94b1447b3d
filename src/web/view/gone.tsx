/** A workload none of whose processes runs: what was recorded of it, and the incidents that it had. Links to it live longer than it does. */
import { incidentHref } from '../route.ts';
import type { IncidentsDocument, SeriesDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { resources } from '../words/verdictWords.ts';
import { seriesPath } from './hostMemory.tsx';
import { Name } from './name.tsx';
import { ResourceHistory } from './resourceHistory.tsx';

const everyMs = 60_000;

export function Gone({ id, query }: { id: string; query: URLSearchParams }) {
  const { document: history, problem } = useDocument<SeriesDocument>(`all of ${id}`, () => seriesPath(id, 'memory', 'all'), everyMs);
  const { document: found } = useDocument<IncidentsDocument>('incidents', () => 'incidents?limit=1000', everyMs);
  if (history === null && problem === null) return <p class="alone waiting">Loading the workload …</p>;
  if (history === null || history.timeMs.length === 0) return <NoSuch />;
  const incidents = found?.incidents.filter(({ subjectId }) => subjectId === id) ?? [];
  const name = incidents[0]?.subjectName;
  return (
    <>
      <header class="subject">
        <p class="crumb">
          <a href="#/workloads">Workloads</a>
        </p>
        <h1 class="long">{name === undefined ? 'A workload that has ended' : <Name text={name} />}</h1>
        <p class="ended">It has ended: none of its processes runs any more. This is what was recorded.</p>
      </header>
      <ResourceHistory
        subjectId={id}
        judged={[]}
        resource={resources.find((one) => one === query.get('resource')) ?? 'memory'}
        query={query}
      />
      {incidents.length > 0 && (
        <section aria-labelledby="its-incidents">
          <h2 id="its-incidents">Its incidents</h2>
          <ul>
            {incidents.map((incident) => (
              <li key={incident.id}>
                <a href={incidentHref(incident.id)}>
                  <Name text={incident.title} />
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function NoSuch() {
  return (
    <div class="alone">
      <h1>No such workload</h1>
      <p>
        stanch knows none under this address. It may be long gone, or the link is from another server.{' '}
        <a href="#/workloads">See the workloads of this one</a>.
      </p>
    </div>
  );
}
