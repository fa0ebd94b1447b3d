/** The columns of the table of workloads, in one list. */
import type { ComponentChildren } from 'preact';
import type { SubjectSort } from '../../serve/subjectList.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { workloadHref } from '../route.ts';
import type { WorkloadRow } from '../talk/documents.ts';
import { formatBytes, formatCount, formatRate } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { originWord, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { Name } from './name.tsx';
import { VerdictMark } from './verdictMark.tsx';

/** Characters that surely fit into three lines. */
const longName = 60;

export type Direction = 'ascending' | 'descending';

/** Floor of private memory, oldest first. */
export type Spark = readonly (number | null)[];

export interface Column {
  /** By what it sorts, but for `spark`, by which nobody does. */
  key: SubjectSort | 'spark';
  label: string;
  /** How wide the page must be to show it. */
  from: 'phone' | 'tablet' | 'desktop';
  numeric: boolean;
  /** What the first click sorts by: what matters first. */
  firstDirection: Direction;
  cell: (row: WorkloadRow, spark: Spark | undefined) => ComponentChildren;
}

export type SortColumn = Column & { key: SubjectSort };

/** A byte an hour is none. */
export function growthOf({ growth }: WorkloadRow): number | null {
  return growth !== null && Math.abs(growth) >= 1 ? growth : null;
}

export function growthWords(perHour: number): string {
  return `${perHour > 0 ? '+' : ''}${formatRate(perHour, 'bytes')}`;
}

function numberColumn(
  key: SubjectSort,
  label: string,
  from: Column['from'],
  read: (row: WorkloadRow) => number | null,
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
export const concernColumn: SortColumn = {
  key: 'concern',
  label: 'Verdict',
  from: 'tablet',
  numeric: false,
  firstDirection: 'ascending',
  cell: ({ verdict, resource }) => (
    <VerdictMark
      verdict={verdict}
      {...(verdict === 'leak' || verdict === 'suspect' ? { detail: resourceWord(resource).toLowerCase() } : {})}
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
        <span class="under-name">{verdictWord(row.verdict)}</span>
      </>
    ),
  },
  concernColumn,
  numberColumn('private', 'Private memory', 'phone', (row) => row.privateBytes, formatBytes),
  numberColumn('growth', 'Growth', 'phone', growthOf, growthWords),
  {
    key: 'spark',
    label: 'History',
    from: 'tablet',
    numeric: false,
    firstDirection: 'descending',
    cell: (row, spark) => (spark === undefined ? null : <Sparkline values={spark} accent={row.verdict === 'leak'} />),
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
