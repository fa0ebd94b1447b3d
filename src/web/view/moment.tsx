import { daemonNowMs } from '../talk/clock.ts';
import { formatMoment } from '../words/format.ts';

/** A moment in the reader's zone; hovering shows it in UTC. */
export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatMoment(Date.parse(at), daemonNowMs())}
    </time>
  );
}
