/** RAM as an icicle: what holds what, from left to right, each part as high as its share. Choosing a part shows it alone. */
import { type IcicleCell, icicleCells, partAt } from '../chart/icicle.ts';
import { workloadHref } from '../route.ts';
import type { MemoryNodeDocument } from '../talk/documents.ts';
import { formatBytes } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { formatShare } from './memoryTable.tsx';

/** Share of the height from which on a line of text fits. */
const labelHeight = 0.036;

interface Props {
  root: MemoryNodeDocument;
  path: readonly string[];
  onChoose: (path: readonly string[]) => void;
}

export function MemoryPicture({ root, path, onChoose }: Props) {
  const part = partAt(root, path);
  const cells = icicleCells(part.node, part.reclaim);
  return (
    <>
      <Crumbs root={root} path={part.path} bytes={part.node.bytes} onChoose={onChoose} />
      <fieldset class="icicle">
        <legend class="sr-only">Parts of {inert(part.node.name)} as a picture; the table below has every number</legend>
        {cells.map((cell) => (
          <Cell key={cell.path.join('\0')} cell={cell} ramBytes={root.bytes} onChoose={() => onChoose([...part.path, ...cell.path])} />
        ))}
      </fieldset>
    </>
  );
}

function Crumbs({ root, path, bytes, onChoose }: Props & { bytes: number }) {
  return (
    <p class="icicle-crumbs">
      {path.length === 0 ? (
        'Choose a part to look closer.'
      ) : (
        <>
          <button type="button" class="link" onClick={() => onChoose([])}>
            {root.name}
          </button>
          {path.map((name, index) => (
            <span key={name}>
              {' › '}
              {index < path.length - 1 ? (
                <button type="button" class="link" onClick={() => onChoose(path.slice(0, index + 1))}>
                  {inert(name)}
                </button>
              ) : (
                <b>{inert(name)}</b>
              )}
            </span>
          ))}
          {`, ${formatBytes(bytes)}`}
        </>
      )}
    </p>
  );
}

function Cell({ cell, ramBytes, onChoose }: { cell: IcicleCell; ramBytes: number; onChoose: () => void }) {
  const { node, depth, top, height, reclaim } = cell;
  const place = { top: `${top * 100}%`, height: `${height * 100}%` };
  const leaf = node.children === undefined ? 'icicle-leaf' : '';
  const look = `icicle-cell icicle-${depth} reclaim-${reclaim ?? 'mixed'} ${leaf}`;
  const said = `${inert(node.name)}: ${formatBytes(node.bytes)}, ${formatShare(node.bytes, ramBytes)} of RAM`;
  if (height < labelHeight) return <span class={look} style={place} title={said} aria-hidden="true" />;
  const label = (
    <>
      <span class="icicle-name">{inert(node.name)}</span> <span class="icicle-size">{formatBytes(node.bytes)}</span>
    </>
  );
  if (node.children !== undefined) {
    return (
      <button type="button" class={look} style={place} title={said} onClick={onChoose}>
        {label}
      </button>
    );
  }
  if (node.subjectId !== undefined) {
    return (
      <a class={look} style={place} title={said} href={workloadHref(node.subjectId)}>
        {label}
      </a>
    );
  }
  return (
    <span class={look} style={place} title={said}>
      {label}
    </span>
  );
}
