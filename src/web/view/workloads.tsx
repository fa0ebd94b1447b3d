/** Every workload in one table. Sorted and filtered here; a page of rows at a time keeps thousands quick. */
import { useMemo, useRef } from 'preact/hooks';
import { replaceQuery } from '../route.ts';
import type { SubjectRow, SubjectsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatCount } from '../words/format.ts';
import { type Column, columns } from './columns.tsx';
import { type Direction, matching, ordered } from './ordering.ts';

const pageSize = 100;
const freshEveryMs = 5000;
/** A list of thousands is megabytes: neither the daemon nor a phone wants it every few seconds. */
const longList = 1000;
const longFreshEveryMs = 30_000;
const [firstColumn] = columns;
const defaultColumn = columns.find((column) => column.key === 'verdict') ?? firstColumn;

export function Workloads({ query }: { query: URLSearchParams }) {
  const everyMs = useRef(freshEveryMs);
  const { document: found, problem } = useDocument<SubjectsDocument>(
    'workloads',
    () => 'subjects?kind=workload&limit=5000',
    everyMs.current,
  );
  everyMs.current = (found?.subjects.length ?? 0) > longList ? longFreshEveryMs : freshEveryMs;
  const filter = query.get('q') ?? '';
  const column = columns.find(({ key }) => key === query.get('sort')) ?? defaultColumn;
  const direction: Direction = readDirection(query.get('dir')) ?? column?.firstDirection ?? 'ascending';
  const rows = useMemo(() => {
    const chosen = matching(found?.subjects ?? [], filter);
    return column ? ordered(chosen, column, direction) : [...chosen];
  }, [found, filter, column, direction]);
  const pageCount = Math.max(1, Math.ceil(rows.length / pageSize));
  const page = Math.min(pageCount, Math.max(1, Math.floor(Number(query.get('page'))) || 1));

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
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => replaceQuery({ q: event.currentTarget.value, page: '' })}
            />
          </label>
          <label class="phone-only">
            <span>Sort by</span>
            <select value={column?.key} onChange={(event) => replaceQuery({ sort: event.currentTarget.value, dir: '', page: '' })}>
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
      {found !== null && rows.length === 0 && <NoRows filter={filter} total={found.subjects.length} />}
      {rows.length > 0 && (
        <>
          <p class="small" role="status">
            {filter === ''
              ? `${formatCount(rows.length)} workloads`
              : `${formatCount(rows.length)} of ${formatCount(found?.subjects.length ?? 0)} workloads match`}
          </p>
          <Table
            rows={rows.slice((page - 1) * pageSize, page * pageSize)}
            total={rows.length}
            offset={(page - 1) * pageSize}
            sorted={column}
            direction={direction}
          />
          <Pager page={page} pageCount={pageCount} total={rows.length} />
        </>
      )}
    </>
  );
}

function readDirection(text: string | null): Direction | null {
  return text === 'ascending' || text === 'descending' ? text : null;
}

function sortable(column: Column): boolean {
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

interface TableProps {
  rows: readonly SubjectRow[];
  total: number;
  offset: number;
  sorted: Column | undefined;
  direction: Direction;
}

function Table({ rows, total, offset, sorted, direction }: TableProps) {
  return (
    <table class="list" aria-rowcount={total + 1}>
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
          <tr key={row.id} aria-rowindex={offset + index + 2} class={`row-${row.verdict.verdict}`}>
            {columns.map((column) =>
              column.key === 'name' ? (
                <th scope="row" key={column.key} class="name">
                  {column.cell(row)}
                </th>
              ) : (
                <td key={column.key} class={`from-${column.from}${column.numeric ? ' num' : ''}`}>
                  {column.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
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
        <span class="sort-arrow" aria-hidden="true">
          {direction === null ? '' : direction === 'ascending' ? '↑' : '↓'}
        </span>
      </button>
    </th>
  );
}

function Pager({ page, pageCount, total }: { page: number; pageCount: number; total: number }) {
  if (pageCount === 1) return null;
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
        {formatCount((page - 1) * pageSize + 1)} to {formatCount(Math.min(total, page * pageSize))} of {formatCount(total)}
      </span>
      <button type="button" disabled={page === pageCount} onClick={() => goTo(page + 1)}>
        Next
      </button>
    </nav>
  );
}
