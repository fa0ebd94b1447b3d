/**
 * A heap snapshot of V8 (`.heapsnapshot`), read as a stream: nodes and edges become arrays of numbers, texts stay in the file and are read when
 * they are asked for. The file is somebody else's: each number in it is checked before it is used.
 * https://developer.chrome.com/docs/devtools/memory-problems/heap-snapshots, deps/v8/src/profiler/heap-snapshot-generator.cc
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StanchError } from '../../model/errors.ts';

const windowBytes = 4 << 20;
const mostHeaderBytes = 1 << 20;
const mostNodes = 100_000_000;
const mostEdges = 400_000_000;
const mostTextBytes = 4_096;
const mostTextsKept = 20_000;

export interface HeapSnapshot {
  nodeTypes: string[];
  edgeTypes: string[];
  nodeCount: number;
  /** By node. */
  types: Uint8Array;
  names: Uint32Array;
  selfBytes: Uint32Array;
  /** First edge of each node, and at the end their number. */
  firstEdges: Uint32Array;
  /** By edge. */
  edgeKinds: Uint8Array;
  edgeNames: Uint32Array;
  edgeTargets: Uint32Array;
  text(index: number): string;
  close(): void;
}

interface Shape {
  nodeFields: string[];
  edgeFields: string[];
  nodeTypes: string[];
  edgeTypes: string[];
  nodeCount: number;
  edgeCount: number;
}

/** Errors: STANCH_E_SNAPSHOT. */
export function openHeapSnapshot(path: string): HeapSnapshot {
  const fd = openSync(path, 'r');
  try {
    return readSnapshot(new ByteReader(fd, path));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readSnapshot(bytes: ByteReader): HeapSnapshot {
  const shape = readShape(bytes);
  const { nodeCount, edgeCount, nodeFields, edgeFields } = shape;
  const nodes = readNodes(bytes, shape);
  bytes.skipPast('"edges":[');
  const edgeKinds = new Uint8Array(edgeCount);
  const edgeNames = new Uint32Array(edgeCount);
  const edgeTargets = new Uint32Array(edgeCount);
  const [kindAt, nameAt, toAt] = fieldPlaces(bytes, edgeFields, ['type', 'name_or_index', 'to_node']);
  bytes.eachRow(edgeCount, edgeFields.length, (row, values) => {
    const target = (values[toAt] ?? 0) / nodeFields.length;
    if (target >= nodeCount || !Number.isInteger(target))
      throw bytes.bad('an edge to a node', `one to ${values[toAt]} of ${nodeCount} nodes`);
    edgeKinds[row] = values[kindAt] ?? 0;
    edgeNames[row] = values[nameAt] ?? 0;
    edgeTargets[row] = target;
  });
  bytes.skipPast('"strings":[');
  const texts = new Texts(bytes.fd, bytes.textPlaces());
  const { nodeTypes, edgeTypes } = shape;
  return {
    nodeTypes,
    edgeTypes,
    nodeCount,
    ...nodes,
    edgeKinds,
    edgeNames,
    edgeTargets,
    text: (index) => texts.at(index),
    close: () => closeSync(bytes.fd),
  };
}

function readNodes(bytes: ByteReader, { nodeFields, nodeCount, edgeCount }: Shape) {
  const types = new Uint8Array(nodeCount);
  const names = new Uint32Array(nodeCount);
  const selfBytes = new Uint32Array(nodeCount);
  const firstEdges = new Uint32Array(nodeCount + 1);
  const [typeAt, nameAt, selfAt, edgesAt] = fieldPlaces(bytes, nodeFields, ['type', 'name', 'self_size', 'edge_count']);
  let edges = 0;
  bytes.eachRow(nodeCount, nodeFields.length, (row, values) => {
    types[row] = values[typeAt] ?? 0;
    names[row] = values[nameAt] ?? 0;
    selfBytes[row] = values[selfAt] ?? 0;
    edges += values[edgesAt] ?? 0;
    firstEdges[row + 1] = edges;
  });
  if (edges !== edgeCount) throw bytes.bad(`${edgeCount} edges, as it says itself`, `${edges} edges of its nodes`);
  return { types, names, selfBytes, firstEdges };
}

function fieldPlaces(bytes: ByteReader, fields: readonly string[], wanted: readonly string[]): [number, number, number, number] {
  const [first = -1, second = -1, third = -1, fourth = -1] = wanted.map((name) => fields.indexOf(name));
  if (wanted.some((name) => !fields.includes(name))) throw bytes.bad(`the fields ${wanted.join(', ')}`, fields.join(', ').slice(0, 200));
  return [first, second, third, fourth];
}

/** `{"snapshot":{"meta":{"node_fields":["type",…],"node_types":[["hidden",…],…],…},"node_count":N,"edge_count":N,…},"nodes":[` */
function readShape(bytes: ByteReader): Shape {
  const header = bytes.readUntil('"nodes":[', mostHeaderBytes);
  const found = (from: unknown, key: string): unknown =>
    typeof from === 'object' && from !== null ? Object.entries(from).find(([name]) => name === key)?.[1] : undefined;
  let document: unknown;
  try {
    document = JSON.parse(`${header.replace(/,\s*$/, '')}}`);
  } catch (error) {
    throw bytes.bad('a heap snapshot of V8', error instanceof Error ? error.message : 'no JSON');
  }
  const snapshot = found(document, 'snapshot');
  const meta = found(snapshot, 'meta');
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);
  const shape = {
    nodeFields: texts(found(meta, 'node_fields')),
    edgeFields: texts(found(meta, 'edge_fields')),
    nodeTypes: texts(first(found(meta, 'node_types'))),
    edgeTypes: texts(first(found(meta, 'edge_types'))),
    nodeCount: Number(found(snapshot, 'node_count')),
    edgeCount: Number(found(snapshot, 'edge_count')),
  };
  const { nodeCount, edgeCount } = shape;
  // Each number takes two bytes at least.
  const isPlausible =
    nodeCount > 0 && nodeCount <= Math.min(mostNodes, bytes.size / 2) && edgeCount >= 0 && edgeCount <= Math.min(mostEdges, bytes.size / 2);
  if (!isPlausible)
    throw bytes.bad('a number of nodes and edges that fits the file', `${nodeCount} and ${edgeCount} in ${bytes.size} bytes`);
  return shape;
}

/** Texts in the file, by where each begins. */
class Texts {
  readonly #fd: number;
  readonly #places: Float64Array;
  readonly #kept = new Map<number, string>();

  constructor(fd: number, places: Float64Array) {
    this.#fd = fd;
    this.#places = places;
  }

  at(index: number): string {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const place = this.#places[index];
    if (place === undefined) return '?';
    const piece = Buffer.alloc(mostTextBytes);
    const length = readSync(this.#fd, piece, 0, mostTextBytes, place);
    let end = 1;
    while (end < length && piece[end] !== 34) end += piece[end] === 92 ? 2 : 1;
    const text = parsed(piece.toString('utf8', 0, Math.min(length, end + 1)));
    if (this.#kept.size >= mostTextsKept) this.#kept.clear();
    this.#kept.set(index, text);
    return text;
  }
}

/** As it is where it is cut off. */
function parsed(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return quoted.slice(1, 200);
  }
}

class ByteReader {
  readonly fd: number;
  readonly size: number;
  readonly #path: string;
  readonly #window = Buffer.allocUnsafe(windowBytes);
  /** Of the window in the file, of what is next in the window, and of its end. */
  #start = 0;
  #at = 0;
  #end = 0;

  constructor(fd: number, path: string) {
    this.fd = fd;
    this.#path = path;
    this.size = fstatSync(fd).size;
  }

  bad(expected: string, found: string): StanchError {
    return new StanchError('STANCH_E_SNAPSHOT', {
      expected: `${this.#path} to have ${expected}`,
      found,
      next: 'It may be cut off: compare its size with that of the original. V8 writes one with v8.writeHeapSnapshot() and the developer tools.',
    });
  }

  #fill(): boolean {
    this.#start += this.#end;
    this.#end = readSync(this.fd, this.#window, 0, windowBytes, this.#start);
    this.#at = 0;
    return this.#end > 0;
  }

  #fillOrThrow(expected: string): void {
    if (!this.#fill()) throw this.bad(expected, 'the end of the file');
  }

  /** The text before it; what comes next is what follows it. */
  readUntil(mark: string, mostBytes: number): string {
    let text = '';
    while (text.length < mostBytes) {
      this.#fillOrThrow(mark);
      const before = text.length;
      text += this.#window.toString('latin1', 0, this.#end);
      const at = text.indexOf(mark, Math.max(0, before - mark.length));
      if (at < 0) continue;
      this.#at = at + mark.length - before;
      return text.slice(0, at);
    }
    throw this.bad(mark, `none of it in the first ${mostBytes} bytes`);
  }

  skipPast(mark: string): void {
    const wanted = Buffer.from(mark);
    let matched = 0;
    while (matched < wanted.length) {
      if (this.#at >= this.#end) this.#fillOrThrow(mark);
      const byte = this.#window[this.#at++];
      matched = byte === wanted[matched] ? matched + 1 : byte === wanted[0] ? 1 : 0;
    }
  }

  /** Whole numbers up to a `]`, so many in a row; the row lasts until the next one. */
  eachRow(rows: number, width: number, use: (row: number, values: Float64Array) => void): void {
    const values = new Float64Array(width);
    const window = this.#window;
    let field = 0;
    let row = 0;
    let value = 0;
    let hasDigit = false;
    for (;;) {
      if (this.#at >= this.#end) this.#fillOrThrow(`${rows} rows of ${width} numbers`);
      const end = this.#end;
      for (let at = this.#at; at < end; at += 1) {
        const byte = window[at] ?? 0;
        if (byte >= 48 && byte <= 57) {
          value = value * 10 + (byte - 48);
          hasDigit = true;
          continue;
        }
        if (hasDigit) {
          values[field] = value;
          value = 0;
          hasDigit = false;
          field += 1;
          if (field === width) {
            field = 0;
            if (row === rows) throw this.bad(`${rows} rows of ${width} numbers`, 'more of them');
            use(row, values);
            row += 1;
          }
        }
        if (byte !== 93) continue;
        this.#at = at + 1;
        if (row !== rows || field !== 0) throw this.bad(`${rows} rows of ${width} numbers`, `${row} rows`);
        return;
      }
      this.#at = end;
    }
  }

  /** Where in the file each text of an array begins, with its quote. */
  textPlaces(): Float64Array {
    let places = new Float64Array(65_536);
    let count = 0;
    let isInside = false;
    let isEscaped = false;
    while (this.#at < this.#end || this.#fill()) {
      for (; this.#at < this.#end; this.#at += 1) {
        const byte = this.#window[this.#at];
        if (isInside) {
          if (isEscaped) isEscaped = false;
          else if (byte === 92) isEscaped = true;
          else if (byte === 34) isInside = false;
        } else if (byte === 34) {
          isInside = true;
          if (count === places.length) {
            const larger = new Float64Array(count * 2);
            larger.set(places);
            places = larger;
          }
          places[count++] = this.#start + this.#at;
        } else if (byte === 93) return places.slice(0, count);
      }
    }
    throw this.bad('an end of its texts', 'the end of the file');
  }
}
