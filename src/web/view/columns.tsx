/** The columns of the table of workloads, in one list. */
import type { ComponentChildren } from 'preact';
import { Sparkline } from '../chart/sparkline.tsx';
import { workloadHref } from '../route.ts';
import type { SubjectRow } from '../talk/documents.ts';
import { formatBytes, formatCount, formatRate } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { isSureGrowth, originWord, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { Name } from './name.tsx';
import { VerdictMark } from './verdictMark.tsx';

/** Characters that surely fit into three lines. */
const longName = 60;

export type Direction = 'ascending' | 'descending';

export interface Column {
  /** By what the daemon sorts, but for `spark`, which it does not. */
  key: string;
  label: string;
  /** How wide the page must be to show it. */
  from: 'phone' | 'tablet' | 'desktop';
  numeric: boolean;
  /** What the first click sorts by: what matters first. */
  firstDirection: Direction;
  cell: (row: SubjectRow) => ComponentChildren;
}

/** Growth of private memory that is sure to be one; noise is not shown as growth. */
function growthOf(row: SubjectRow): number | null {
  const slope = row.verdict.resources.find((verdict) => verdict.resource === 'memory')?.slope;
  return slope && isSureGrowth(slope) && Math.abs(slope.perHour) >= 1 ? slope.perHour : null;
}

function numberColumn(
  key: string,
  label: string,
  from: Column['from'],
  read: (row: SubjectRow) => number | null,
  show: (value: number) => string,
): Column {
  return {
    key,
    label,
    from,
    numeric: true,
    firstDirection: 'descending',
    cell: (row) => {
      const value = read(row);
      return value === null ? <span class="nothing">–</span> : show(value);
    },
  };
}

/** What leaks first: the order in which somebody wants to see them who did not ask for another. */
export const concernColumn: Column = {
  key: 'concern',
  label: 'Verdict',
  from: 'tablet',
  numeric: false,
  firstDirection: 'ascending',
  cell: ({ verdict }) => (
    <VerdictMark
      verdict={verdict.verdict}
      {...(verdict.verdict === 'leak' || verdict.verdict === 'suspect' ? { detail: resourceWord(verdict.resource).toLowerCase() } : {})}
    />
  ),
};

export const columns: readonly Column[] = [
  {
    key: 'name',
    label: 'Name',
    from: 'phone',
    numeric: false,
    firstDirection: 'ascending',
    cell: (row) => (
      <>
        <a href={workloadHref(row.id)} title={row.name.length > longName ? inert(row.name) : undefined}>
          <Name text={row.name} />
        </a>
        {hostingWords(row) !== null && <span class="whose">{hostingWords(row)}</span>}
        <span class="under-name">{verdictWord(row.verdict.verdict)}</span>
      </>
    ),
  },
  concernColumn,
  numberColumn('private', 'Private memory', 'phone', (row) => row.privateBytes, formatBytes),
  numberColumn('growth', 'Growth', 'phone', growthOf, (value) => `${value > 0 ? '+' : ''}${formatRate(value, 'bytes')}`),
  {
    key: 'spark',
    label: 'History',
    from: 'tablet',
    numeric: false,
    firstDirection: 'descending',
    cell: (row) => <Sparkline values={row.spark} accent={row.verdict.verdict === 'leak'} />,
  },
  numberColumn('swap', 'Swap', 'desktop', (row) => row.swapBytes, formatBytes),
  numberColumn('fds', 'Open files', 'tablet', (row) => row.fds, formatCount),
  numberColumn('threads', 'Threads', 'desktop', (row) => row.threads, formatCount),
  numberColumn('processes', 'Processes', 'desktop', (row) => row.processes, formatCount),
  {
    key: 'user',
    label: 'User',
    from: 'desktop',
    numeric: false,
    firstDirection: 'ascending',
    cell: (row) => (row.user === null ? <span class="nothing">–</span> : <bdi>{inert(row.user)}</bdi>),
  },
  {
    key: 'origin',
    label: 'Origin',
    from: 'desktop',
    numeric: false,
    firstDirection: 'ascending',
    cell: (row) => (row.origin === null ? <span class="nothing">–</span> : originWord(row.origin)),
  },
];
