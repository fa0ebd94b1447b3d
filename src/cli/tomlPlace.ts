/** Where a key stands in a TOML text that parses: the parser itself does not say. */
export interface Place {
  line: number;
  column: number;
}

const header = /^\s*\[+\s*([^\]]+?)\s*\]+/;

/** Line and column, from 1, of the key `path`; of its table, or of the start, when it cannot be told. */
export function placeOf(text: string, path: readonly string[]): Place {
  let table: string[] = [];
  let best: Place = { line: 1, column: 1 };
  let bestDepth = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const opened = header.exec(line);
    if (opened !== null) table = splitKey(opened[1] ?? '');
    const key = opened === null ? splitKey(/^\s*((?:"[^"]*"|'[^']*'|[^=#"'])+?)\s*=/.exec(line)?.[1] ?? '') : [];
    const here = [...table, ...key];
    const depth = commonDepth(here, path);
    const isPrefix = depth === Math.min(here.length, path.length);
    if (depth <= bestDepth || !isPrefix || here.length === 0) continue;
    bestDepth = depth;
    best = { line: index + 1, column: columnOf(line, path.slice(depth)) };
  }
  return best;
}

/** What is left of the path may stand inside an inline table on the same line. */
function columnOf(line: string, rest: readonly string[]): number {
  const inner = rest[0];
  const at = inner === undefined ? -1 : line.indexOf(inner, line.indexOf('=') + 1);
  return at >= 0 ? at + 1 : line.length - line.trimStart().length + 1;
}

function splitKey(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|([^.\s"']+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function commonDepth(a: readonly string[], b: readonly string[]): number {
  let depth = 0;
  while (depth < a.length && depth < b.length && a[depth] === b[depth]) depth += 1;
  return depth;
}
