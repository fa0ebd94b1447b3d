/** `stanch where`: every MiB of RAM and swap accounted for, at once and without a daemon. How it looks to a person. */
import { formatBytes } from '../model/units.ts';
import { readWhere, type WhereOptions } from '../relate/where.ts';
import { Sampler } from '../sample/sampler.ts';
import type { MemoryNodeDocument, WhereDocument } from '../serve/schema.ts';
import { whereDocument } from '../serve/where.ts';
import type { Colour, Paint } from './paint.ts';
import { column, fit, printable } from './printable.ts';
import { wrapped } from './wrapped.ts';

/** Somebody waits for the answer and has asked for all of it: a fraction of this on a calm server, but it is asked on one that thrashes. */
const searchMs = 5000;
const sharesMs = 300;

/** Throws STANCH_E_NO_INPUT or STANCH_E_NOT_PERMITTED where the kernel's own figures can't be had. */
export function collectWhere(options: Omit<WhereOptions, 'searchMs' | 'sharesMs'> = {}): WhereDocument {
  const sampler = new Sampler({ ...options, keptFds: 0 });
  try {
    return whereDocument(readWhere(sampler.scan(Date.now()), { ...options, searchMs, sharesMs }));
  } finally {
    sampler.close();
  }
}

const defaultColumns = 80;
/** Size, share, mark and the blanks between. */
const figuresWidth = 23;
const nameWidths = { least: 32, most: 100 };
/** Below this share of the whole a line says nothing to a person; the JSON document has it. */
const leastShare = 0.001;
/** Of what can't be given back, so that it is seen without colour. */
const stuckMark = '!';

/** A tree for a terminal, sizes and shares of the whole aligned; what can be had back before it, what to look at after it. */
export function renderWhere(document: WhereDocument, paint: Paint, columns = defaultColumns): string {
  const width = Math.min(nameWidths.most, Math.max(nameWidths.least, columns - figuresWidth));
  const lines = [...reclaimLines(document, paint, width), '', ...treeLines(document.ram, paint, width), ''];
  lines.push(...(document.swap.bytes > 0 ? treeLines(document.swap, paint, width) : [line('swap', 'none', '', '', width)]));
  for (const { text, next } of document.findings) {
    lines.push('', ...wrapped(text, columns, '! ').map((row) => paint('red', row)), ...wrapped(`next: ${next}`, columns, '  '));
  }
  for (const notice of document.notices) lines.push('', ...wrapped(notice, columns, '').map((row) => paint('yellow', row)));
  return `${lines.join('\n')}\n`;
}

/** One bar for the whole of RAM: how much can be had back, and how. */
function reclaimLines({ ram, swap, reclaim }: WhereDocument, paint: Paint, width: number): string[] {
  const held = `held by processes and files: back ${swap.bytes > 0 ? 'by swap or when they go' : 'only when they go'}`;
  const kinds: [string, string, Colour, number][] = [
    ['░', 'free', 'green', reclaim.freeBytes],
    ['▒', 'caches: given back when needed', 'green', reclaim.reclaimableBytes],
    ['▓', held, 'yellow', reclaim.swappableBytes],
    ['█', `can't be given back, marked ${stuckMark}`, 'red', reclaim.unreclaimableBytes],
  ];
  const barWidth = width + figuresWidth - 2;
  let before = 0;
  const bar = kinds.map(([block, , colour, bytes]) => {
    const cells = Math.round(((before + bytes) / ram.bytes) * barWidth) - Math.round((before / ram.bytes) * barWidth);
    before += bytes;
    return paint(colour, block.repeat(cells));
  });
  const legend = kinds.map(([block, text, colour, bytes]) => {
    const name = column(`${block} ${text}`, width);
    return `${paint(colour, block)}${name.slice(1)} ${figures(formatBytes(bytes), share(bytes, ram.bytes), '')}`.trimEnd();
  });
  return [bar.join(''), ...legend];
}

function treeLines(root: MemoryNodeDocument, paint: Paint, width: number): string[] {
  const lines = [paint('bold', line(root.name, formatBytes(root.bytes), '', '', width))];
  const walk = (node: MemoryNodeDocument, indent: string): void => {
    const shown = (node.children ?? []).filter((child) => child.bytes >= root.bytes * leastShare);
    for (const [index, child] of shown.entries()) {
      const last = index === shown.length - 1;
      const mark = child.reclaim === 'unreclaimable' ? stuckMark : '';
      lines.push(
        line(`${indent}${last ? '└─ ' : '├─ '}${child.name}`, formatBytes(child.bytes), share(child.bytes, root.bytes), mark, width),
      );
      const below = `${indent}${last ? '   ' : '│  '}`;
      if (child.note !== undefined) lines.push(paint('dim', fit(`${below}  ${printable(child.note)}`, width + figuresWidth)));
      walk(child, below);
    }
  };
  walk(root, '');
  return lines;
}

function share(bytes: number, of: number): string {
  return of > 0 ? `${((bytes / of) * 100).toFixed(1)} %` : '';
}

function line(name: string, size: string, shareText: string, mark: string, width: number): string {
  return `${column(printable(name), width)} ${figures(size, shareText, mark)}`.trimEnd();
}

function figures(size: string, shareText: string, mark: string): string {
  return `${size.padStart(10)} ${shareText.padStart(8)} ${mark}`;
}
