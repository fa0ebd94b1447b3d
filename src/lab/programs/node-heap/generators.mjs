/** Streams of rows that nobody reads to the end, in a map by their cursor. */
import { serve } from './program.mjs';

function* readRows(table) {
  const page = [`${table} 1`, `${table} 2`];
  for (const row of page) yield row;
}

const openCursors = new Map();

await serve((id) => {
  const rows = readRows(`table-${id}`);
  rows.next();
  openCursors.set(id, rows);
});
