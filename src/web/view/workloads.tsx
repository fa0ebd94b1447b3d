/** Every workload in one table. The daemon gives all of them in few words, and here they are filtered and sorted: thousands, at once. */
import { useMemo } from 'preact/hooks';
import { type ListPage, type ListQuery, listPage } from '../../serve/subjectList.ts';
import { replaceQuery } from '../route.ts';
import type { Problem } from '../talk/api.ts';
import type { SparksDocument, WorkloadRow, WorkloadsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatCount } from '../words/format.ts';
import { type Column, columns, concernColumn, type Direction, type SortColumn, type Spark } from './columns.tsx';
import { showRows } from './shownRows.ts';

const pageSize = 30;
const freshEveryMs = 5000;
/** Thousands of rows cost the daemon more than their numbers change. */
const manyRows = 1000;
const manyFreshEveryMs = 20_000;
const maxFilterLength = 200;

/** Where the daemon has them, and the first of them. */
const allPath = 'workloads';
export const firstWorkloadsPath = `workloads?limit=${pageSize}`;

export function Workloads({ query }: { query: URLSearchParams }) {
  const { column, direction, filter, page } = readList(query);
  const { workloads, total, problem } = useWorkloads(column === concernColumn && direction === 'ascending' && filter === '' && page === 1);
  const found = useMemo(() => {
    const asked: ListQuery = { sort: column.key, direction, filter, offset: (page - 1) * pageSize, limit: pageSize };
    if (workloads === null) return null;
    const list = listPage(workloads, asked);
    return filter === '' ? { ...list, matching: total } : list;
  }, [workloads, total, column, direction, filter, page]);

  return (
    <>
      <div class="list-head">
        <h1>Workloads</h1>
        <div class="list-tools">
          <label>
            <span>Filter</span>
            <input
              type="search"
              value={filter}
              placeholder="name, user, domain"
              maxLength={maxFilterLength}
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => replaceQuery({ q: event.currentTarget.value, page: '' })}
            />
          </label>
          <label class="phone-only">
            <span>Sort by</span>
            <select value={column.key} onChange={(event) => replaceQuery({ sort: event.currentTarget.value, dir: '', page: '' })}>
              {columns.filter(sortable).map(({ key, label }) => (
                <option key={key} value={key}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
      {found === null && problem === null && <p class="waiting">Loading the workloads …</p>}
      {found === null && problem !== null && <p class="waiting">The list could not be loaded. It is tried again with every scan.</p>}
      {found !== null && found.matching === 0 && <NoRows filter={filter} total={total} />}
      {found !== null && found.matching > 0 && (
        <>
          <p class="small" role="status">
            {found.matching === total
              ? `${formatCount(total)} workloads`
              : `${formatCount(found.matching)} of ${formatCount(total)} workloads match`}
          </p>
          <Table found={found} sorted={column} direction={direction} />
          <Pager found={found} />
        </>
      )}
    </>
  );
}

/** `firstDo`: the first rows are what is looked at. They are asked for once, and shown until all are there. */
function useWorkloads(firstDo: boolean): { workloads: readonly WorkloadRow[] | null; total: number; problem: Problem | null } {
  const first = useDocument<WorkloadsDocument>('first workloads', () => firstWorkloadsPath, Number.POSITIVE_INFINITY);
  const everyMs = (first.document?.total ?? 0) > manyRows ? manyFreshEveryMs : freshEveryMs;
  const isTried = first.document !== null || first.problem !== null;
  const all = useDocument<WorkloadsDocument>(isTried ? 'all workloads' : '', () => allPath, everyMs);
  const shown = all.document ?? (firstDo ? first.document : null);
  return { workloads: shown?.workloads ?? null, total: shown?.total ?? 0, problem: all.problem };
}

interface AskedList {
  column: SortColumn;
  direction: Direction;
  filter: string;
  /** From 1. */
  page: number;
}

function readList(query: URLSearchParams): AskedList {
  const filter = (query.get('q') ?? '').slice(0, maxFilterLength);
  const column = columns.filter(sortable).find(({ key }) => key === query.get('sort')) ?? concernColumn;
  const direction: Direction = readDirection(query.get('dir')) ?? column.firstDirection;
  const page = Math.max(1, Math.floor(Number(query.get('page'))) || 1);
  return { column, direction, filter, page };
}

function readDirection(text: string | null): Direction | null {
  return text === 'ascending' || text === 'descending' ? text : null;
}

function sortable(column: Column): column is SortColumn {
  return column.key !== 'spark';
}

function NoRows({ filter, total }: { filter: string; total: number }) {
  if (total === 0) return <p class="waiting">No workloads yet: the first scan is under way.</p>;
  return (
    <p class="waiting">
      None of {formatCount(total)} workloads matches “<bdi>{filter}</bdi>”.{' '}
      <button type="button" class="link" onClick={() => replaceQuery({ q: '', page: '' })}>
        Show all
      </button>
    </p>
  );
}

/** The histories of these rows, by id: they come a moment after the rows. */
function useSparks(rows: readonly WorkloadRow[]): ReadonlyMap<string, Spark> {
  const ids = rows.map(({ id }) => id).join(',');
  const { document: found } = useDocument<SparksDocument>(`sparks?${ids}`, () => `sparks?of=${ids}`, freshEveryMs);
  return useMemo(() => new Map(found?.sparks.map(({ id, spark }) => [id, spark])), [found]);
}

interface TableProps {
  found: ListPage<WorkloadRow>;
  sorted: Column;
  direction: Direction;
}

function Table({ found: { rows, matching, offset }, sorted, direction }: TableProps) {
  const sparks = useSparks(rows);
  showRows(rows);
  return (
    <table class="list" aria-rowcount={matching + 1}>
      <caption class="sr-only">Workloads of this server. The buttons in the head sort.</caption>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => (
            <Head key={column.key} column={column} direction={column === sorted ? direction : null} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Row key={row.id} row={row} spark={sparks.get(row.id)} index={offset + index} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, spark, index }: { row: WorkloadRow; spark: Spark | undefined; index: number }) {
  const cells = useMemo(
    () =>
      columns.map((column) =>
        column.key === 'name' ? (
          <th scope="row" key={column.key} class="name">
            {column.cell(row, spark)}
          </th>
        ) : (
          <td key={column.key} class={`from-${column.from}${column.numeric ? ' num' : ''}`}>
            {column.cell(row, spark)}
          </td>
        ),
      ),
    [row, spark],
  );
  return (
    <tr aria-rowindex={index + 2} class={`row-${row.verdict}`}>
      {cells}
    </tr>
  );
}

function Head({ column, direction }: { column: Column; direction: Direction | null }) {
  const classes = `from-${column.from}${column.numeric ? ' num' : ''}`;
  if (!sortable(column)) {
    return (
      <th scope="col" class={classes}>
        {column.label}
      </th>
    );
  }
  const opposite = direction === 'ascending' ? 'descending' : 'ascending';
  const next = direction === null ? column.firstDirection : opposite;
  return (
    <th scope="col" class={classes} aria-sort={direction ?? 'none'}>
      <button type="button" onClick={() => replaceQuery({ sort: column.key, dir: next, page: '' })}>
        {column.label}
        {direction !== null && <span aria-hidden="true">{direction === 'ascending' ? '\u00a0↑' : '\u00a0↓'}</span>}
      </button>
    </th>
  );
}

function Pager({ found: { matching, offset, rows } }: { found: ListPage<WorkloadRow> }) {
  if (matching <= pageSize) return null;
  const page = Math.floor(offset / pageSize) + 1;
  const goTo = (next: number) => {
    replaceQuery({ page: next === 1 ? '' : String(next) });
    scrollTo(0, 0);
  };
  return (
    <nav class="pager" aria-label="Pages of the table">
      <button type="button" disabled={page === 1} onClick={() => goTo(page - 1)}>
        Previous
      </button>
      <span>
        {formatCount(offset + 1)} to {formatCount(offset + rows.length)} of {formatCount(matching)}
      </span>
      <button type="button" disabled={offset + pageSize >= matching} onClick={() => goTo(page + 1)}>
        Next
      </button>
    </nav>
  );
}
