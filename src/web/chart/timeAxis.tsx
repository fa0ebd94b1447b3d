/** The axis of time below pictures that share it. */
import { formatTick } from '../words/format.ts';
import { timeTicks } from './timeTicks.ts';

const axisHeight = 22;

interface Props {
  fromMs: number;
  toMs: number;
  /** Pixels from the left. */
  x: (timeMs: number) => number;
  width: number;
}

export function TimeAxis({ fromMs, toMs, x, width }: Props) {
  const { stepMs, timeMs } = timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 90)));
  return (
    <svg class="cc-axis" width={width} height={axisHeight} aria-hidden="true">
      {timeMs.map((moment) => (
        <g key={moment}>
          <path d={`M${Math.round(x(moment)) + 0.5} 0V5`} />
          <text x={x(moment)} y={17} text-anchor={x(moment) < 24 ? 'start' : x(moment) > width - 24 ? 'end' : 'middle'}>
            {formatTick(moment, stepMs)}
          </text>
        </g>
      ))}
    </svg>
  );
}
