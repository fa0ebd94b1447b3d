/** What an explanation would do, what it costs, and whether there is room for it: before anybody presses the button. */
import type { EvidencePlanDocument } from '../talk/documents.ts';
import { formatBytes, formatDuration } from '../words/format.ts';
import { inert } from '../words/inert.ts';

interface Props {
  plan: EvidencePlanDocument;
  onBegin: () => void;
  onLeave: () => void;
}

export function EvidencePlan({ plan: { subject, estimate, headroom }, onBegin, onLeave }: Props) {
  const isEnough = headroom === null || headroom.isEnough;
  return (
    <div class="why-plan">
      <p>
        stanch would read the memory of process {subject.pid} three times within {formatDuration(estimate.wallMs)} and compare what it saw.
      </p>
      <dl class="why-cost">
        <div>
          <dt>For the process</dt>
          <dd>
            <strong>No pause</strong> It is not stopped, nothing is written to it, and no page is swapped in for it.
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
