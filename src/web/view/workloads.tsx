/** Every workload in one table. The daemon filters and sorts them, and gives a page of rows at a time: thousands stay quick. */
import { useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { replaceQuery } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import type { SubjectsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatCount } from '../words/format.ts';
import { type Column, columns, concernColumn, type Direction } from './columns.tsx';

const pageSize = 50;
/** The daemon takes no offset beyond, and answers with the last page there is. */
const mostPages = 10_000;
const freshEveryMs = 5000;
/** Characters, as many as the daemon takes. */
const maxFilterLength = 200;

export function Workloads({ query }: { query: URLSearchParams }) {
  const list = readList(query);
  const { column, direction, filter } = list;
  const path = pathOf(list);
  const { key, document: found, problem } = useLatestList(path);

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
      {found !== null && found.matching === 0 && <NoRows filter={filter} total={found.total} />}
      {found !== null && found.matching > 0 && (
        <div aria-busy={key !== path}>
          <p class="small" role="status">
            {found.matching === found.total
              ? `${formatCount(found.total)} workloads`
              : `${formatCount(found.matching)} of ${formatCount(found.total)} workloads match`}
          </p>
          <Table found={found} sorted={column} direction={direction} filter={filter} />
          <Pager found={found} onAim={(next) => askAhead(pathOf({ column, direction, filter, page: next }))} />
        </div>
      )}
    </>
  );
}

/** What is typed is asked for once the answer to what was typed before is there: a busy daemon does not search for every letter. */
function useLatestList(path: string) {
  const asked = useRef(path);
  const answered = useRef(path);
  const [, showAnew] = useReducer((count: number) => count + 1, 0);
  if (answered.current === asked.current) asked.current = path;
  const held = useDocument<SubjectsDocument>(asked.current, () => asked.current, freshEveryMs);
  answered.current = held.key;
  const isNext = answered.current === asked.current && asked.current !== path;
  useLayoutEffect(() => {
    if (isNext) showAnew(0);
  }, [isNext, path]);
  return held;
}

function readList(query: URLSearchParams): ListQuery {
  const filter = (query.get('q') ?? '').slice(0, maxFilterLength);
  const column = columns.filter(sortable).find(({ key }) => key === query.get('sort')) ?? concernColumn;
  const direction: Direction = readDirection(query.get('dir')) ?? column.firstDirection;
  const page = Math.min(mostPages, Math.max(1, Math.floor(Number(query.get('page'))) || 1));
  return { column, direction, filter, page };
}

/** What the list at an address asks for. */
export function listPath(query: URLSearchParams): string {
  return pathOf(readList(query));
}

interface ListQuery {
  column: Column;
  direction: Direction;
  filter: string;
  page: number;
}

function pathOf({ column, direction, filter, page }: ListQuery): string {
  const asked = new URLSearchParams({
    kind: 'workload',
    sort: column.key,
    direction,
    filter,
    offset: String((page - 1) * pageSize),
    limit: String(pageSize),
  });
  return `subjects?${asked}`;
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
  found: SubjectsDocument;
  sorted: Column;
  direction: Direction;
  filter: string;
}

function Table({ found: { subjects, matching, offset }, sorted, direction, filter }: TableProps) {
  const aim = (column: Column, next: Direction) => askAhead(pathOf({ column, direction: next, filter, page: 1 }));
  // Another order or filter is in the address at once, its rows are not.
  const rows = useMemo(
    () =>
      subjects.map((row, index) => (
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
      )),
    [subjects, offset],
  );
  return (
    <table class="list" aria-rowcount={matching + 1}>
      <caption class="sr-only">Workloads of this server. The buttons in the head sort.</caption>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => (
            <Head key={column.key} column={column} direction={column === sorted ? direction : null} onAim={aim} />
          ))}
        </tr>
      </thead>
      <tbody>{rows}</tbody>
    </table>
  );
}

interface HeadProps {
  column: Column;
  direction: Direction | null;
  /** Somebody is about to sort by it. */
  onAim: (column: Column, next: Direction) => void;
}

function Head({ column, direction, onAim }: HeadProps) {
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
      <button
        type="button"
        onClick={() => replaceQuery({ sort: column.key, dir: next, page: '' })}
        onPointerEnter={() => onAim(column, next)}
        onFocus={() => onAim(column, next)}
      >
        {column.label}
        {direction !== null && <span aria-hidden="true">{direction === 'ascending' ? '\u00a0↑' : '\u00a0↓'}</span>}
      </button>
    </th>
  );
}

function Pager({ found: { matching, offset, subjects }, onAim }: { found: SubjectsDocument; onAim: (page: number) => void }) {
  if (matching <= pageSize) return null;
  const page = Math.floor(offset / pageSize) + 1;
  const goTo = (next: number) => {
    replaceQuery({ page: next === 1 ? '' : String(next) });
    scrollTo(0, 0);
  };
  const aiming = (next: number) => ({ onPointerEnter: () => onAim(next), onFocus: () => onAim(next) });
  return (
    <nav class="pager" aria-label="Pages of the table">
      <button type="button" disabled={page === 1} onClick={() => goTo(page - 1)} {...aiming(page - 1)}>
        Previous
      </button>
      <span>
        {formatCount(offset + 1)} to {formatCount(offset + subjects.length)} of {formatCount(matching)}
      </span>
      <button type="button" disabled={offset + pageSize >= matching} onClick={() => goTo(page + 1)} {...aiming(page + 1)}>
        Next
      </button>
    </nav>
  );
}
