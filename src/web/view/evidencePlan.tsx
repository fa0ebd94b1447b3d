/** What an explanation would do, what it costs, and whether there is room for it: before anybody presses the button. */
import type { EvidencePlanDocument, Means } from '../talk/documents.ts';
import { formatBytes, formatDuration } from '../words/format.ts';
import { inert } from '../words/inert.ts';

interface Props {
  plan: EvidencePlanDocument;
  /** To be told what it would be by other means. */
  onChoose: (means: Means) => void;
  onBegin: () => void;
  onLeave: () => void;
}

/** What each of them tells, and what it is for the process. */
const meansWords: Record<Means, { tells: string; pause: string }> = {
  memory: { tells: 'What grows, and who holds it', pause: 'No pause' },
  inspector: { tells: 'The line that allocates', pause: 'A little slower' },
  samples: { tells: 'With the line that allocates', pause: 'A pause of about 1 s' },
  uprobes: { tells: 'With the function that allocates', pause: 'Slower for seconds' },
  snapshot: { tells: 'With a heap snapshot', pause: 'It stands still' },
};

export function EvidencePlan({ plan, onChoose, onBegin, onLeave }: Props) {
  const { estimate, means, does, headroom } = plan;
  const isEnough = headroom === null || headroom.isEnough;
  return (
    <div>
      {plan.allowed.length > 1 && <MeansSwitch plan={plan} onChoose={onChoose} />}
      <p>{inert(looksWords(plan))}</p>
      <dl class="why-cost">
        <div>
          <dt>For the process</dt>
          <dd>
            <strong>{meansWords[means].pause}</strong>{' '}
            {inert(does ?? 'It is not stopped, nothing is written to it, and no page is swapped in for it.')}
          </dd>
        </div>
        <div>
          <dt>For the server</dt>
          <dd>
            <strong>{formatBytes(estimate.rssBytes)}</strong> for about a minute, and {cpuWords(estimate.cpuSeconds)} of CPU time at the
            lowest priority.
          </dd>
        </div>
        <div class={isEnough ? '' : 'why-no-room'}>
          <dt>Is there room?</dt>
          <dd>{headroom === null ? <RoomUnknown /> : <Room headroom={headroom} />}</dd>
        </div>
      </dl>
      {isEnough ? (
        <p class="buttons">
          <button type="button" class="primary" onClick={onBegin}>
            Begin
          </button>
          <button type="button" onClick={onLeave}>
            Not now
          </button>
        </p>
      ) : (
        <p class="buttons">
          Make room first: slow it down or restart what is large, below.{' '}
          <button type="button" onClick={onLeave}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}

function looksWords({ subject, means, pool, estimate }: EvidencePlanDocument): string {
  const span = formatDuration(estimate.wallMs);
  if (means === 'inspector') return `stanch would ask Node in process ${subject.pid} what it allocates and keeps within ${span}.`;
  if (pool !== null)
    return `stanch would look at all workers of pool ${pool} again and again for ${span}, and see after which script which of them holds more.`;
  return `stanch would read the memory of process ${subject.pid} three times within ${span} and compare what it saw.`;
}

function MeansSwitch({ plan: { allowed, means }, onChoose }: Pick<Props, 'plan' | 'onChoose'>) {
  return (
    <fieldset class="switch switch-wide">
      <legend class="sr-only">What to find out</legend>
      {allowed.map((one) => (
        <button type="button" key={one} aria-pressed={one === means} onClick={() => onChoose(one)}>
          {meansWords[one].tells}
        </button>
      ))}
    </fieldset>
  );
}

function Room({ headroom }: { headroom: NonNullable<EvidencePlanDocument['headroom']> }) {
  const { bytes, neededBytes, wall, isEnough } = headroom;
  return (
    <>
      <strong>{isEnough ? 'Yes' : 'No'}</strong> {formatBytes(neededBytes)} have to be free, twice what it takes; {formatBytes(bytes)} are (
      {inert(wall)}).
    </>
  );
}

function RoomUnknown() {
  return (
    <>
      <strong>Not known</strong> This system does not say how much memory is free. The reading ends itself when it takes more than it said.
    </>
  );
}

function cpuWords(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatDuration(seconds * 1000);
}
