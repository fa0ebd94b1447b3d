/** What a word that refers to an object belongs to: a dict under a key, an attribute of an instance, a variable of a function that runs, … */
import { wordIn } from '../heapWindows.ts';
import type { Container, ContainerTable, NearestContainers } from './containerTable.ts';
import type { PythonLook } from './pythonCensus.ts';
import { isReferenceCount, type PythonKeys, type PythonType, type PythonValues, typeDictAt } from './pythonValues.ts';

const mostBackBytes = 1_024;
const mostSlots = 30;
const mostVariables = 100;
const mostDeques = 16;
export const moduleDictAt = 16;
/** Of a dict. */
const keysAt = 32;
const blockBytes = 528;
/** In any object; and in a method that is bound to one. */
const typeAt = 8;
const boundAt = 24;
/** Refer to an object without keeping it, or to all there is. */
const notHolders = /^(?:weakref|weakproxy|weakcallableproxy|weakref\.\w+|KeyedRef|WeakMethod|builtin_function_or_method|ModuleSpec|code)$/;

export interface Holder {
  /** Address of the object; 0 where it is none, such as a frame. */
  address: number;
  type: string;
  /** In a dict; its place in a tuple. */
  key: string | number | null;
  /** As one would write it: `Basket.items`, `rows in load()`. */
  name: string | null;
  /** What is under a key, or at a place, of the thing that it holds has a name here: an attribute, a variable. */
  names: ((key: string | number) => string | null) | null;
  /** Nothing further up says more. */
  isRoot: boolean;
}

export class PythonHolders {
  readonly #values: PythonValues;
  readonly #look: PythonLook;
  readonly #containers: ContainerTable;
  /** Once anything is asked for. */
  #nearest: { tables: NearestContainers; values: NearestContainers } | null = null;
  readonly #codes: ReadonlySet<number>;
  readonly #blocks = new Map<number, number>();

  constructor(values: PythonValues, look: PythonLook, containers: ContainerTable, deques: readonly number[]) {
    this.#values = values;
    this.#look = look;
    this.#containers = containers;
    this.#codes = new Set(look.codes);
    for (const deque of deques.slice(0, mostDeques)) for (const block of values.dequeBlocks(deque)) this.#blocks.set(block, deque);
  }

  /** By the place of each word; `left`: those that belong to nothing that can be told from beside them. */
  at(places: readonly number[]): { found: Map<number, Holder>; left: Set<number> } {
    const found = new Map<number, Holder>();
    const sorted = Float64Array.from(places).sort();
    const { parts } = this.#look;
    this.#nearest ??= { tables: this.#containers.nearest('tables', parts), values: this.#containers.nearest('values', parts) };
    const [tables, values] = [this.#nearest.tables.nearestBefore(sorted), this.#nearest.values.nearestBefore(sorted)];
    const blocks = [...this.#blocks.keys()].sort((a, b) => a - b);
    const variables = this.#moduleTables();
    const left = new Set<number>();
    for (const [index, at] of sorted.entries()) {
      const holder =
        this.#inModule(at, variables) ??
        this.#inTable(at, tables[index] ?? null) ??
        this.#inSplitValues(at, values[index] ?? null) ??
        this.#inBlock(at, blocks) ??
        this.#inFrame(at) ??
        this.#inObject(at);
      if (holder === null) left.add(at);
      else if (!notHolders.test(holder.type)) found.set(at, holder);
    }
    return { found, left };
  }

  /** Whether the word there is part of what refers to an object without keeping it, as a bound method of a builtin class does: at a glance. */
  isPassing(at: number): boolean {
    const type = this.#values.types.get(this.#values.windows.word(at - boundAt + typeAt));
    return type !== undefined && notHolders.test(type.name);
  }

  /** Where modules have their variables now: a variable that comes and goes, as that of an `except` does, moves them all again and again. */
  #moduleTables(): { dict: number; keys: PythonKeys }[] {
    const { windows } = this.#values;
    return this.#look.modules.flatMap((module) => {
      const dict = windows.word(module + moduleDictAt);
      if (this.#values.typeOf(dict)?.name !== 'dict') return [];
      const keys = this.#values.keys(windows.word(dict + keysAt));
      return keys === null ? [] : [{ dict, keys }];
    });
  }

  #inModule(at: number, tables: readonly { dict: number; keys: PythonKeys }[]): Holder | null {
    const table = tables.find(({ keys: { from, to } }) => at >= from && at < to);
    return table === undefined ? null : this.#inKeys(at, table.dict, table.keys);
  }

  #inKeys(at: number, dict: number, { from, entryBytes, keyAt }: PythonKeys): Holder {
    const entry = from + Math.floor((at - from) / entryBytes) * entryBytes;
    return this.#inDict(dict, this.#values.windows.word(entry + keyAt));
  }

  #inTable(at: number, container: Container | null): Holder | null {
    if (container === null) return null;
    const { kind, size, table, address } = container;
    const held = { address, key: null, name: null, names: null, isRoot: false };
    switch (kind) {
      case 'list':
        return at < table + size * 8 ? { ...held, type: 'list' } : null;
      case 'set': {
        const slots = this.#values.windows.word(address + 32) + 1;
        return at < table + slots * 16 ? { ...held, type: 'set' } : null;
      }
      case 'deque':
        return null;
      case 'dict': {
        const keys = this.#values.keys(table);
        return keys === null || at < keys.from || at >= keys.to ? null : this.#inKeys(at, address, keys);
      }
    }
  }

  #inDict(address: number, key: number): Holder {
    const module = this.#values.moduleOf(address);
    const name = this.#values.name(key);
    const isRoot = module !== null;
    return { address, type: 'dict', key: name, name: isRoot && name !== null ? `${module}.${name}` : null, names: null, isRoot };
  }

  #inSplitValues(at: number, container: Container | null): Holder | null {
    if (container === null) return null;
    const slot = (at - container.values) / 8;
    const keys = this.#values.keys(container.table);
    if (keys === null || slot >= Math.min(keys.count, (keys.to - keys.from) / keys.entryBytes)) return null;
    return this.#inDict(container.address, this.#values.windows.word(keys.from + slot * keys.entryBytes + keys.keyAt));
  }

  #inBlock(at: number, blocks: readonly number[]): Holder | null {
    const block = blocks.findLast((each) => each <= at);
    const deque = block === undefined || at >= block + blockBytes ? undefined : this.#blocks.get(block);
    return deque === undefined ? null : { address: deque, type: 'collections.deque', key: null, name: null, names: null, isRoot: false };
  }

  /** Frames of 3.11 and newer lie one after the other in memory of their own, or inside of generators. */
  #inFrame(at: number): Holder | null {
    const { frame } = this.#values.layout;
    if (frame === null) return null;
    const { from, piece } = this.#around(at, frame.variables + mostVariables * 8, 0);
    for (let slot = 0; slot < mostVariables; slot += 1) {
      const codeAt = at - from - frame.variables - slot * 8 + frame.code;
      if (codeAt < 0 || codeAt + 8 > piece.length) continue;
      const word = wordIn(piece, codeAt);
      const code = word - (word % 8);
      const variable = this.#codes.has(code) ? this.#variable(code, slot) : null;
      if (variable !== null) return variable;
    }
    return null;
  }

  #variable(code: number, slot: number): Holder | null {
    const variable = this.#values.variableName(code, slot);
    const of = this.#values.codeName(code);
    if (variable === null || of === null) return null;
    return { address: 0, type: 'frame', key: null, name: `${variable} in ${shown(of)}()`, names: null, isRoot: true };
  }

  #inObject(at: number): Holder | null {
    const { from, piece } = this.#around(at, mostBackBytes, 64);
    const owned = this.#beforeObject(at, piece, from);
    for (let back = at - (at % 16) - from; back >= 0; back -= 16) {
      if (back + 16 > piece.length) continue;
      const type = this.#values.types.get(wordIn(piece, back + 8));
      const object = from + back;
      if (type === undefined || !isReferenceCount(piece.readUInt32LE(back), piece.readUInt32LE(back + 4))) continue;
      const offset = at - object;
      const items = type.itemBytes > 0 && back + 24 <= piece.length ? Math.min(1e6, wordIn(piece, back + 16)) : 0;
      const inside = type.hasValuesInside ? 8 + mostSlots * 8 : 0;
      const end = (this.#values.types.has(object) ? 1_000 : type.basicBytes) + items * type.itemBytes + inside;
      // The class of an object is no holder of it.
      return offset <= 8 ? null : offset < end ? this.#inside(object, type, offset) : owned;
    }
    return owned;
  }

  /** So much before and behind a place, as far as it is there; valid until the next is read. */
  #around(at: number, before: number, behind: number): { from: number; piece: Buffer } {
    const place = at - (at % 16);
    const page = at - (at % 4096);
    for (const from of [place - before, page]) {
      for (const to of [at + 8 + behind, Math.min(at + 8 + behind, page + 4096)]) {
        const piece = this.#values.windows.piece(from - (from % 16), to - from + (from % 16));
        if (piece !== null) return { from: from - (from % 16), piece };
      }
    }
    return { from: place, piece: Buffer.alloc(0) };
  }

  /** The word before an object that refers to its dict. */
  #beforeObject(at: number, piece: Buffer, from: number): Holder | null {
    const head = at + 24 - from;
    const type = this.#values.layout.minor >= 11 && head + 16 <= piece.length ? this.#values.types.get(wordIn(piece, head + 8)) : undefined;
    return type?.isManaged === true && isReferenceCount(piece.readUInt32LE(head), piece.readUInt32LE(head + 4))
      ? ownerOf(at + 24, type.name)
      : null;
  }

  #inside(object: number, type: PythonType, offset: number): Holder | null {
    const values = this.#values;
    const own = values.types.get(object);
    if (own !== undefined) return offset === typeDictAt && own.isOfProgram ? { ...ownerOf(object, own.name), isRoot: true } : null;
    const held = { address: object, type: type.name, key: null, name: null, names: null, isRoot: false };
    const { closure, defaults, keywordDefaults } = values.layout.function;
    switch (type.name) {
      case 'function': {
        const name = shown(values.functionName(object) ?? 'a function');
        if (offset === closure) return { ...held, names: (place) => this.#freeVariable(object, name, place), isRoot: true };
        return offset === defaults || offset === keywordDefaults
          ? { ...held, name: `default of an argument of ${name}()`, isRoot: true }
          : null;
      }
      case 'frame': {
        const slot = (offset - (type.basicBytes - 8)) / 8;
        return values.layout.minor <= 10 && slot >= 0 ? this.#variable(values.windows.word(object + 32), slot) : null;
      }
      case 'module':
        return null;
      case 'tuple':
        return { ...held, key: (offset - type.basicBytes) / 8 };
    }
    if (offset === type.dictAt) return ownerOf(object, type.name);
    const name =
      type.hasValuesInside && offset >= type.basicBytes + 8
        ? values.attribute(type.address, (offset - type.basicBytes - 8) / 8)
        : values.slotName(type, offset);
    return { ...held, name: name === null ? null : `${type.name}.${name}` };
  }

  /** It belongs to the function around this one. */
  #freeVariable(object: number, name: string, place: string | number): string | null {
    if (typeof place !== 'number') return null;
    const variable = this.#values.freeName(this.#values.windows.word(object + this.#values.layout.function.code), place);
    return variable === null ? null : `${variable} in ${name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name}()`;
  }

  /** Attributes of an instance lie apart from it in 3.11 and 3.12, and it refers to them from before its head. */
  get hasValuesApart(): boolean {
    const { attributes } = this.#values.layout;
    return attributes === 'pointer before' || attributes === 'tagged pointer before';
  }

  /** Instances that have what is at one of these places: all memory is read once more. */
  inValues(places: readonly number[]): Map<number, Holder> {
    const { layout, windows, types } = this.#values;
    const found = new Map<number, Holder>();
    if (!this.hasValuesApart || places.length === 0) return found;
    const [tag, before] = layout.attributes === 'pointer before' ? [0, 32] : [1, 24];
    const starts = new Map<number, number[]>();
    for (const at of places) {
      for (let slot = 0; slot < mostSlots; slot += 1) {
        const start = at - slot * 8 - tag;
        const of = starts.get(start);
        if (of === undefined) starts.set(start, [at]);
        else of.push(at);
      }
    }
    for (const { at: from, target } of windows.holders(new Set(starts.keys()), places.length * mostSlots)) {
      const type = types.get(windows.word(from + before + 8));
      if (type?.isManaged !== true || notHolders.test(type.name)) continue;
      for (const at of starts.get(target) ?? []) {
        const name = this.#values.attribute(type.address, (at - target - tag) / 8);
        if (name === null) continue;
        found.set(at, { address: from + before, type: type.name, key: null, name: `${type.name}.${name}`, names: null, isRoot: false });
      }
    }
    return found;
  }
}

function ownerOf(address: number, typeName: string): Holder {
  const names = (key: string | number) => (typeof key === 'string' ? `${typeName}.${key}` : null);
  return { address, type: typeName, key: null, name: null, names, isRoot: false };
}

/** Without what only says that a function was made inside of another one. */
function shown(name: string): string {
  return name.replaceAll('<locals>.', '');
}
