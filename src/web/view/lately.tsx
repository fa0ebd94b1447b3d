/** What was found and has gone: a leak that a restart made invisible is still in the program. */
import { workloadHref } from '../route.ts';
import type { FindingsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { classWord, resourceWord } from '../words/verdictWords.ts';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';

const maxShown = 5;
const latelyEveryMs = 15_000;

export function Lately() {
  const { document: found } = useDocument<FindingsDocument>('findings', () => 'findings?limit=50', latelyEveryMs);
  const gone = (found?.findings ?? []).filter((finding) => finding.state === 'resolved').slice(0, maxShown);
  if (gone.length === 0) return null;
  return (
    <section aria-labelledby="lately">
      <h2 id="lately">Gone for now</h2>
      <ul class="findings">
        {gone.map((finding) => (
          <li key={finding.id}>
            <a href={workloadHref(finding.subjectId)}>
              <Name text={finding.subjectName} />
            </a>
            : {resourceWord(finding.verdict.resource).toLowerCase()}, {classWord(finding.verdict.class).toLowerCase()}.{' '}
            <span class="small">
              First seen <Moment at={finding.firstSeen} />, gone since <Moment at={finding.stateSince} />.
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
