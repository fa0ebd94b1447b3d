/** A line without axes: the shape of a history at a glance. */
import { formatBytes } from '../words/format.ts';

const width = 120;
const height = 32;

export function Sparkline({ values, accent }: { values: readonly (number | null)[]; accent: boolean }) {
  const known = values.filter((value) => value !== null);
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined || known.length < 2) return <span class="nothing">–</span>;
  const label =
    formatBytes(first) === formatBytes(last) ? `stays at ${formatBytes(last)}` : `from ${formatBytes(first)} to ${formatBytes(last)}`;
  return (
    <svg
      class={accent ? 'spark spark-accent' : 'spark'}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={pathOf(values)} />
    </svg>
  );
}

/** Lowest to highest over the height, unless they hardly differ: then a steady line in the middle, so that noise does not look like growth. */
function pathOf(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const highest = Math.max(...known);
  const lowest = Math.min(...known);
  const flat = highest - lowest < 0.02 * highest;
  const span = flat ? Math.max(1, highest) * 2 : Math.max(1, highest - lowest);
  const base = flat ? (highest + lowest) / 2 - span / 2 : lowest;
  let pen = 'M';
  let path = '';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const x = (index / Math.max(1, values.length - 1)) * width;
    const y = height - 2 - ((value - base) / span) * (height - 4);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}
