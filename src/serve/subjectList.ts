/**
 * The list of subjects as somebody asked for it: those that match, in order, a page of them. Pure, over thousands of rows: the page orders
 * what it has by the same code, without asking.
 */
import type { VerdictWord } from '../model/verdict.ts';
import type { WorkloadRow } from './schema.ts';

/** By what a list is filtered and ordered. */
export type Listable = Omit<WorkloadRow, 'id' | 'resource'>;

export const subjectSorts = ['concern', 'private', 'growth', 'swap', 'fds', 'threads', 'processes', 'name', 'user', 'origin'] as const;
export type SubjectSort = (typeof subjectSorts)[number];

export const sortDirections = ['ascending', 'descending'] as const;
type SortDirection = (typeof sortDirections)[number];

export interface ListQuery {
  sort: SubjectSort;
  /** Not given: what matters first. */
  direction?: SortDirection | undefined;
  /** Every word must occur in name, user, account, domain, origin or verdict; in none of them, everything does. */
  filter: string;
  offset: number;
  limit: number;
}

export interface ListPage<Row> {
  rows: Row[];
  /** How many match. */
  matching: number;
  /** Of the first row here. Behind the end, the last page is meant. */
  offset: number;
}

/** `rows` come by concern: what leaks first. They stay as they are. */
export function listPage<Row extends Listable>(rows: readonly Row[], query: ListQuery): ListPage<Row> {
  const chosen = ordered(matching(rows, query.filter), query.sort, query.direction);
  const lastPage = Math.max(0, Math.ceil(chosen.length / query.limit) - 1) * query.limit;
  const offset = query.offset < chosen.length ? query.offset : lastPage;
  return { rows: chosen.slice(offset, offset + query.limit), matching: chosen.length, offset };
}

/** As the page says it, for whoever types what he sees. */
const verdictText: Record<VerdictWord, string> = {
  leak: 'leaks',
  suspect: 'suspected',
  undecided: 'too early to say',
  'no-leak': 'healthy',
};

function matching<Row extends Listable>(rows: readonly Row[], filter: string): readonly Row[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = textOf(row);
    return words.every((word) => text.includes(word));
  });
}

/** While somebody types, the same thousands of rows are gone through with every letter. */
const texts = new WeakMap<Listable, string>();

/** What a row is found by; a word never goes over the end of a line. */
function textOf(row: Listable): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const { name, user, account, domain, origin, verdict } = row;
  const text = [name, user, account, domain, origin, verdictText[verdict]].join('\n').toLowerCase();
  texts.set(row, text);
  return text;
}

/** What is absent sorts last in both directions: it is not small. */
const sortValues: Record<Exclude<SubjectSort, 'concern'>, (row: Listable) => number | string | null> = {
  private: (row) => row.privateBytes,
  growth: (row) => row.growth,
  swap: (row) => row.swapBytes,
  fds: (row) => row.fds,
  threads: (row) => row.threads,
  processes: (row) => row.processes,
  name: (row) => byItsNumbers(row.name),
  user: (row) => (row.user === null ? null : byItsNumbers(row.user)),
  origin: (row) => row.origin,
};

/** So that job-2 comes before job-10. */
function byItsNumbers(name: string): string {
  return name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(10, '0'));
}

function ordered<Row extends Listable>(rows: readonly Row[], sort: SubjectSort, direction: SortDirection | undefined): readonly Row[] {
  if (sort === 'concern') return direction === 'descending' ? rows.toReversed() : rows;
  const readValue = sortValues[sort];
  const isNumber = !['name', 'user', 'origin'].includes(sort);
  const sign = (direction ?? (isNumber ? 'descending' : 'ascending')) === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, value: readValue(row) }))
    .sort((one, other) => {
      if (one.value === null || other.value === null)
        return Number(one.value === null) - Number(other.value === null) || byMemory(one.row, other.row);
      return one.value === other.value ? byMemory(one.row, other.row) : one.value < other.value ? -sign : sign;
    })
    .map(({ row }) => row);
}

function byMemory(one: Listable, other: Listable): number {
  return (other.privateBytes ?? -1) - (one.privateBytes ?? -1) || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
}
