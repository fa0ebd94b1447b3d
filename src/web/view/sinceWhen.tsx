/** What changed when it began to leak; and, where it was started anew since, whether that ended it. */
import type { SinceWhen as Since, SinceDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatRate } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { Moment } from './moment.tsx';
import { asSentence, withStop } from './reasons.tsx';

const everyMs = 60_000;

export function SinceWhen({ subjectId }: { subjectId: string }) {
  const { document: found } = useDocument<SinceDocument>(
    `since ${subjectId}`,
    () => `since?subject=${encodeURIComponent(subjectId)}`,
    everyMs,
  );
  const since = found?.subjects.find((one) => one.subjectId === subjectId);
  return (
    <section aria-labelledby="since-when" class="panel">
      <div class="panel-head">
        <h2 id="since-when" tabIndex={-1}>
          Since when, and after what
        </h2>
      </div>
      {since === undefined ? (
        <p class="small">
          {found === null
            ? 'Looking for what was changed …'
            : 'No leak of its memory was confirmed in the last 14 days: there is no beginning to look for.'}
        </p>
      ) : (
        <Beginning since={since} />
      )}
    </section>
  );
}

function Beginning({ since: { onset, sentence, changes, fix } }: { since: Since }) {
  return (
    <>
      {fix !== null && <Fix fix={fix} />}
      <p class="since-sentence">
        {sentence === null ? (
          <>
            It began <Moment at={onset} />. Nothing that stanch can see was changed on this server shortly before.
          </>
        ) : (
          asSentence(inert(sentence))
        )}
      </p>
      {changes.length > 0 && <Changes changes={changes} />}
    </>
  );
}

function Changes({ changes }: { changes: Since['changes'] }) {
  return (
    <>
      <ol class="changes" aria-label="What was changed around then, what fits best first">
        {changes.map((change) => (
          <li key={`${change.time} ${change.name} ${change.text}`}>
            <Moment at={change.time} />
            <span>
              {withStop(inert(change.text))}{' '}
              <span class="small">
                {fitWord(change.fit)}, known from {inert(change.source)}
              </span>
            </span>
          </li>
        ))}
      </ol>
      <p class="small">That something was changed shortly before is a hint and no proof.</p>
    </>
  );
}

function fitWord(fit: number): string {
  if (fit >= 0.6) return 'fits well';
  return fit >= 0.25 ? 'fits' : 'hardly fits';
}

const fixWords: Record<NonNullable<Since['fix']>['word'], string> = {
  gone: 'Fixed',
  slower: 'Still there, slower',
  same: 'Still there',
  unknown: 'Too early to say',
};

function Fix({ fix }: { fix: NonNullable<Since['fix']> }) {
  const { word, probability, beforePerHour, afterPerHour, newBuild, restart, sentence } = fix;
  return (
    <div class={`fix fix-${word}`}>
      <p class="fix-word">
        <strong>{fixWords[word]}</strong>
        {probability !== null && <span> {Math.floor(probability * 100)} % sure</span>}
      </p>
      {beforePerHour !== null && afterPerHour !== null && (
        <p class="fix-rates">
          {formatRate(Math.max(0, beforePerHour), 'bytes')} <span aria-hidden="true">→</span>
          <span class="sr-only">before, now</span> {formatRate(Math.max(0, afterPerHour), 'bytes')}
        </p>
      )}
      <p>
        Started anew <Moment at={restart} />
        {newBuild === null ? ', and nothing that stanch knows of was changed: it is the same build.' : `, after ${inert(newBuild)}.`}
        {word === 'unknown' && ` ${asSentence(inert(sentence))}`}
      </p>
    </div>
  );
}
