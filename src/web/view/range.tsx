import { replaceQuery } from '../route.ts';

/** How far back a chart looks. `all` goes back to the first thing the daemon kept. */
const ranges = { '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 d', all: 'All' } as const;
export type Range = keyof typeof ranges;

const spansMs: Record<Range, number> = {
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  all: Number.POSITIVE_INFINITY,
};
const rangeNames = Object.keys(ranges).filter((name): name is Range => name in ranges);

export function readRange(query: URLSearchParams): Range {
  return rangeNames.find((name) => name === query.get('range')) ?? '6h';
}

export function rangeFromMs(range: Range, nowMs: number): number {
  return range === 'all' ? 0 : Math.round(nowMs - spansMs[range]);
}

/** As the daemon is asked for it. */
export function rangeQuery(range: Range): string {
  return range === 'all' ? 'from=0' : `past=${spansMs[range]}`;
}

interface SwitchProps {
  range: Range;
  onChoose: (range: Range) => void;
  /** Somebody is about to choose. */
  onAim: (range: Range) => void;
}

export function RangeSwitch({ range, onChoose, onAim }: SwitchProps) {
  return (
    <fieldset class="switch">
      <legend class="sr-only">Time range</legend>
      {rangeNames.map((name) => (
        <button
          type="button"
          key={name}
          aria-pressed={name === range}
          onClick={() => onChoose(name)}
          onPointerEnter={() => onAim(name)}
          onFocus={() => onAim(name)}
        >
          {ranges[name]}
        </button>
      ))}
    </fieldset>
  );
}

export function rememberRange(range: Range): void {
  replaceQuery({ range: range === '6h' ? '' : range });
}
