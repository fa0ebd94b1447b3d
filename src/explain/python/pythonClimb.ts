/** From objects up to a variable that holds them, the shortest way: who has their address is searched for, level by level. */
import { wordIn } from '../heapWindows.ts';
import type { PythonLook } from './pythonCensus.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostLevels = 7;
const mostFrontier = 48;
const mostHolders = 400;
const mostBackBytes = 640;
const mostSlots = 32;
/** Of all memory, beside one for each level. */
const mostScans = 6;

/** Have the variables of their module or the class they are of: what is held by way of them is not theirs. */
const sideways = new Set(['function', 'frame', 'type', 'builtin_function_or_method', 'ModuleSpec']);

export interface PythonPath {
  /** `module.NAME` or `class Name.attribute`; from there down to the object. */
  path: string[];
  /** Types of what is between, from the object up. */
  through: string[];
}

interface Step {
  parent: number;
  label: string;
  type: string;
}

export class PythonClimb {
  readonly #values: PythonValues;
  readonly #types: ReadonlyMap<number, PythonType>;
  #scansLeft = mostScans;
  readonly #tables: { from: number; owner: number; kind: string; size: number }[];

  constructor(values: PythonValues, types: ReadonlyMap<number, PythonType>, look: PythonLook) {
    this.#values = values;
    this.#types = types;
    this.#tables = [...look.containers]
      .map(([owner, { kind, size, table }]) => ({ from: table, owner, kind, size }))
      .filter(({ kind, from }) => kind !== 'deque' && from !== 0)
      .sort((a, b) => a.from - b.from);
  }

  /** Null where no variable was found. */
  climb(from: readonly number[]): PythonPath | null {
    this.#scansLeft = mostScans;
    const steps = new Map<number, Step | null>(from.map((address) => [address, null]));
    let frontier = [...from];
    for (let level = 0; level < mostLevels && frontier.length > 0; level += 1) {
      const next: number[] = [];
      for (const { at, target } of this.#values.windows.holders(new Set(frontier), mostHolders)) {
        const found = this.#holder(at);
        if (found === null || steps.has(found.holder) || sideways.has(found.type)) continue;
        steps.set(found.holder, { parent: target, label: found.label, type: found.type });
        const root = this.#root(found.holder);
        if (root !== null) return this.#tell(root, found.holder, steps);
        if (next.length < mostFrontier) next.push(found.holder);
      }
      frontier = next;
    }
    return null;
  }

  #root(holder: number): string | null {
    return this.#types.get(holder)?.isOfProgram ? `class ${this.#types.get(holder)?.name}` : this.#values.moduleOf(holder);
  }

  #tell(root: string, holder: number, steps: ReadonlyMap<number, Step | null>): PythonPath {
    const path: string[] = [];
    const through: string[] = [];
    for (let at = holder, step = steps.get(at); step !== null && step !== undefined; at = step.parent, step = steps.get(at)) {
      if (path.length === 0) path.push(`${root}${step.label.startsWith('.') ? step.label : `.${step.label}`}`);
      else if (step.label !== '') path.push(step.label);
      through.push(step.type);
    }
    return { path: path.slice(0, 12), through: through.reverse() };
  }

  #holder(at: number): { holder: number; label: string; type: string } | null {
    return this.#inTable(at) ?? this.#inObject(at) ?? this.#inValues(at);
  }

  #inTable(at: number): { holder: number; label: string; type: string } | null {
    let [low, top] = [0, this.#tables.length];
    while (low < top) {
      const middle = (low + top) >> 1;
      if ((this.#tables[middle]?.from ?? 0) <= at) low = middle + 1;
      else top = middle;
    }
    const table = this.#tables[low - 1];
    if (table === undefined) return null;
    if (table.kind === 'list') return at < table.from + table.size * 8 ? { holder: table.owner, label: '', type: 'list' } : null;
    if (table.kind === 'set')
      return at < table.from + Math.max(8, table.size * 5) * 16 ? { holder: table.owner, label: '', type: 'set' } : null;
    const keys = this.#values.keys(table.from);
    if (keys === null || at < keys.from || at >= keys.to) return null;
    const name = this.#values.name(this.#values.windows.word(at - 8));
    return { holder: table.owner, label: name === null ? '' : `.${name}`, type: 'dict' };
  }

  #inObject(at: number): { holder: number; label: string; type: string } | null {
    const from = at - (at % 16) - mostBackBytes;
    const piece = this.#values.windows.piece(from, mostBackBytes + 16);
    for (let back = mostBackBytes; piece !== null && back >= 0; back -= 16) {
      const object = from + back;
      const type = this.#types.get(wordIn(piece, back + 8));
      const references = wordIn(piece, back);
      if (type === undefined || references === 0 || references > 2 ** 32) continue;
      const offset = at - object;
      // The type of an object is no holder of it.
      if (offset <= 8) return null;
      const slot = (offset - type.basicBytes - 8) / 8;
      if (this.#types.has(object)) return { holder: object, label: '', type: 'type' };
      if (slot < 0 || type.itemBytes > 0) return { holder: object, label: '', type: type.name };
      const name = this.#values.minor >= 13 ? this.#values.attribute(type.address, slot) : null;
      return name === null ? null : { holder: object, label: `${type.name}.${name}`, type: type.name };
    }
    return null;
  }

  /** Attributes of an instance lie apart from it in 3.11 and 3.12, and it points there from before its head. */
  #inValues(at: number): { holder: number; label: string; type: string } | null {
    const { windows, minor } = this.#values;
    if ((minor !== 11 && minor !== 12) || this.#scansLeft === 0) return null;
    this.#scansLeft -= 1;
    const starts = new Set(Array.from({ length: mostSlots }, (_, slot) => at - slot * 8));
    for (const { at: from, target } of windows.holders(starts, 64)) {
      const object = from + (minor === 11 ? 32 : 24);
      const type = this.#types.get(windows.word(object + 8));
      const name = type === undefined ? null : this.#values.attribute(type.address, (at - target) / 8);
      if (type !== undefined && name !== null) return { holder: object, label: `${type.name}.${name}`, type: type.name };
    }
    return null;
  }
}
