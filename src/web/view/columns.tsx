/** The columns of the table of workloads, in one list: what each shows and sorts by. */
import type { ComponentChildren } from 'preact';
import { Sparkline } from '../chart/sparkline.tsx';
import { workloadHref } from '../route.ts';
import type { SubjectRow } from '../talk/documents.ts';
import { formatBytes, formatCount, formatRate } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { isSureGrowth, originWord, resourceWord, verdictRank, verdictWord } from '../words/verdictWords.ts';
import { Name } from './name.tsx';
import { VerdictMark } from './verdictMark.tsx';

/** Characters that surely fit into three lines. */
const longName = 60;

export interface Column {
  key: string;
  label: string;
  /** How wide the page must be to show it. */
  from: 'phone' | 'tablet' | 'desktop';
  numeric: boolean;
  /** What the first click sorts by: what matters first. */
  firstDirection: 'ascending' | 'descending';
  /** null sorts last in both directions: absent is not small. */
  sortValue: (row: SubjectRow) => string | number | null;
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
    sortValue: read,
    cell: (row) => {
      const value = read(row);
      return value === null ? <span class="nothing">–</span> : show(value);
    },
  };
}

export const columns: readonly Column[] = [
  {
    key: 'name',
    label: 'Name',
    from: 'phone',
    numeric: false,
    firstDirection: 'ascending',
    sortValue: (row) => row.name.toLowerCase(),
    cell: (row) => (
      <>
        <a href={workloadHref(row.id)} title={row.name.length > longName ? inert(row.name) : undefined}>
          <Name text={row.name} />
        </a>
        <span class="under-name">{verdictWord(row.verdict.verdict)}</span>
      </>
    ),
  },
  {
    key: 'verdict',
    label: 'Verdict',
    from: 'tablet',
    numeric: false,
    firstDirection: 'ascending',
    sortValue: (row) => verdictRank(row.verdict.verdict),
    cell: (row) => (
      <VerdictMark
        verdict={row.verdict.verdict}
        {...(row.verdict.verdict === 'leak' || row.verdict.verdict === 'suspect'
          ? { detail: resourceWord(row.verdict.resource).toLowerCase() }
          : {})}
      />
    ),
  },
  numberColumn('private', 'Private memory', 'phone', (row) => row.privateBytes, formatBytes),
  numberColumn('growth', 'Growth', 'phone', growthOf, (value) => `${value > 0 ? '+' : ''}${formatRate(value, 'bytes')}`),
  {
    key: 'spark',
    label: 'History',
    from: 'tablet',
    numeric: false,
    firstDirection: 'descending',
    sortValue: () => null,
    cell: (row) => <Sparkline values={row.spark} accent={row.verdict.verdict === 'leak'} />,
  },
  numberColumn('swap', 'Swap', 'desktop', (row) => row.swapBytes, formatBytes),
  numberColumn('fds', 'Open files', 'tablet', (row) => row.fds, formatCount),
  numberColumn('threads', 'Threads', 'desktop', (row) => row.threads, formatCount),
  numberColumn('processes', 'Processes', 'desktop', (row) => row.processes, formatCount),
  {
    key: 'user',
    label: 'User',
    from: 'tablet',
    numeric: false,
    firstDirection: 'ascending',
    sortValue: (row) => row.user,
    cell: userCell,
  },
  {
    key: 'origin',
    label: 'Origin',
    from: 'desktop',
    numeric: false,
    firstDirection: 'ascending',
    sortValue: (row) => row.origin,
    cell: (row) => (row.origin === null ? <span class="nothing">–</span> : originWord(row.origin)),
  },
];

/** With the site, where the user is a customer. */
function userCell({ user, domain }: SubjectRow): ComponentChildren {
  if (user === null) return <span class="nothing">–</span>;
  return <bdi>{inert(domain === null ? user : `${user}, ${domain}`)}</bdi>;
}
