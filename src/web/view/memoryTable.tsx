/** A tree of memory as a table: every part with its size and share, for whoever wants the numbers or can't see the picture. */
import { workloadHref } from '../route.ts';
import type { MemoryNodeDocument } from '../talk/documents.ts';
import { formatBytes } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { type Reclaim, reclaimWord } from '../words/reclaimWords.ts';
import { Name } from './name.tsx';

/** Of the whole: smaller parts are left to the API. */
const leastShare = 0.001;

interface Row {
  node: MemoryNodeDocument;
  key: string;
  depth: number;
  /** Where it differs from what it is a part of. */
  reclaim: Reclaim | null;
}

function* rowsOf(parent: MemoryNodeDocument, least: number, depth: number, above: string): Generator<Row> {
  for (const node of parent.children ?? []) {
    if (node.bytes < least) continue;
    const key = `${above}\0${node.name}`;
    yield { node, key, depth, reclaim: node.reclaim ?? null };
    yield* rowsOf(node, least, depth + 1, key);
  }
}

export function MemoryTable({ root, hasSwap }: { root: MemoryNodeDocument; hasSwap: boolean }) {
  const rows = [...rowsOf(root, root.bytes * leastShare, 0, '')];
  const saysReclaim = rows.some(({ reclaim }) => reclaim !== null);
  return (
    <table class="list memory-table">
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col" class="num">
            Size
          </th>
          <th scope="col" class="num">
            Share
          </th>
          {saysReclaim && (
            <th scope="col" class="from-tablet">
              To get it back
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ node, key, depth, reclaim }) => (
          <tr key={key}>
            <th scope="row" class={`name depth-${Math.min(depth, 4)}`}>
              {node.subjectId === undefined ? (
                <Name text={node.name} />
              ) : (
                <a href={workloadHref(node.subjectId)}>
                  <Name text={node.name} />
                </a>
              )}
              {node.note !== undefined && <span class="memory-note">{inert(node.note)}</span>}
            </th>
            <td class="num">{formatBytes(node.bytes)}</td>
            <td class="num">{formatShare(node.bytes, root.bytes)}</td>
            {saysReclaim && <td class="from-tablet">{reclaim === null ? '' : reclaimWord(reclaim, hasSwap)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function formatShare(bytes: number, of: number): string {
  return of > 0 ? `${((bytes / of) * 100).toFixed(1)} %` : '';
}
