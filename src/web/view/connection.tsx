/** Whether what is on the page is true now, and what to do when it is not. */
import { signal } from '@preact/signals';
import { daemonNowMs } from '../talk/clock.ts';
import { connection, lastAnswerMs, refusal, status } from '../talk/live.ts';
import { formatClockSeconds, formatDuration } from '../words/format.ts';
import { inert } from '../words/inert.ts';

const secondClock = signal(Date.now());
setInterval(() => {
  if (document.visibilityState !== 'hidden') secondClock.value = Date.now();
}, 1000);

/** Now by the daemon's clock, anew each second. */
export function tickingNowMs(): number {
  return secondClock.value + daemonNowMs() - Date.now();
}

export function Freshness() {
  if (connection.value === 'lost') return <p class="fresh fresh-lost">no answer</p>;
  if (connection.value === 'unauthorised') return <p class="fresh">locked</p>;
  if (lastAnswerMs.value === null) return <p class="fresh">connecting …</p>;
  const ageMs = secondClock.value - lastAnswerMs.value;
  return (
    <p class="fresh fresh-live">
      <span class="fresh-dot" aria-hidden="true" />
      {ageMs < 1500 ? 'scanned just now' : `scanned ${formatDuration(ageMs)} ago`}
    </p>
  );
}

export function LostBanner() {
  if (connection.value !== 'lost') return null;
  const since = lastAnswerMs.value;
  if (refusal.value !== null) {
    return (
      <div class="banner" role="alert">
        <div class="wide">
          <p>
            <strong>The daemon refuses to answer this page.</strong> It expected {inert(refusal.value.expected)}; found{' '}
            {inert(refusal.value.found)}.
          </p>
          <p>{inert(refusal.value.next)}</p>
        </div>
      </div>
    );
  }
  return (
    <div class="banner" role="alert">
      <div class="wide">
        <p>
          <strong>The daemon does not answer.</strong>{' '}
          {since === null || status.value === null
            ? 'It has not answered since this page was opened.'
            : `What you see is from ${formatClockSeconds(since)} and is getting old.`}
        </p>
        <p>
          On the server, see whether it runs: <code>systemctl status stanch</code>. Start it with <code>stanch run</code>. If it runs and
          this page is forwarded through ssh, check the tunnel. This page tries again by itself.
        </p>
      </div>
    </div>
  );
}
