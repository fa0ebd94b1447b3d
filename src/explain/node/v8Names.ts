/** What JavaScript calls the objects of V8: the function that made them and their first properties; variables, fields and functions. */
import { basename } from 'node:path';
import { type HeapWindows, wordIn } from '../heapWindows.ts';
import { isFunctionType, type V8Layout } from './v8Constants.ts';

const mostNameBytes = 200;
const mostShown = 5;
const mostBack = 100;
const mostProperties = 500;
const mostLocals = 74;
const descriptorBytes = 24;
const scopeWords = 2 * mostLocals + 16;
const high = 2 ** 32;
const contextHeaderWords = 2;
/** Behind what every object has: map, properties, elements. */
const boundTargetAt = 24;

export interface ContextVariable {
  name: string;
  /** In no function: it lasts as long as the program. */
  isModule: boolean;
}

export class V8Names {
  readonly #windows: HeapWindows;
  readonly #layout: V8Layout;

  constructor(windows: HeapWindows, layout: V8Layout) {
    this.#windows = windows;
    this.#layout = layout;
  }

  /** `RequestContext {id, url}`. */
  type(map: number): string {
    const keys = this.#keys(map);
    const name = this.constructorName(map) ?? 'Object';
    return keys.length === 0 || name === 'Array' ? name : `${name} {${keys.join(', ')}}`;
  }

  /** As `type`, of one object: functions have names of their own. 0 and what is no address: a number. */
  typeOfObject(object: number): string {
    if ((object & 3) !== 1) return 'number';
    const type = this.instanceType(object);
    if (type < 0) return '?';
    if (type < this.#layout.firstNonString) return 'string';
    if (type === this.#layout.boundFunction) return `${this.#boundTo(object)} (bound)`;
    if (this.isFunction(type)) return `function ${this.functionName(object) ?? '(anonymous)'}`;
    return type < this.#layout.firstObject ? 'value' : this.type(this.#windows.word(object - 1));
  }

  /** What is called in the end: a bound function may be bound again. */
  #boundTo(bound: number): string {
    const target = this.#windows.word(bound - 1 + boundTargetAt);
    return this.isFunction(this.instanceType(target)) ? this.typeOfObject(target) : 'function';
  }

  isFunction(type: number): boolean {
    return isFunctionType(type, this.#layout);
  }

  instanceType(object: number): number {
    return this.#windows.piece(this.#windows.word(object - 1) - 1 + this.#layout.instanceTypeAt, 2)?.readUInt16LE(0) ?? -1;
  }

  /** Null of what is no plain name. */
  name(object: number): string | null {
    const text = this.#text(object);
    return text !== null && /^[\w$.#-]+$/.test(text) ? text : null;
  }

  #text(object: number): string | null {
    if ((object & 3) !== 1) return null;
    const { symbolType, symbolNameAt, firstNonString, thinActualAt, stringLengthAt, stringCharsAt } = this.#layout;
    const type = this.instanceType(object);
    if (type === symbolType) return this.#plainText(this.#windows.word(object - 1 + symbolNameAt));
    if (type >= 0 && type < firstNonString && (type & 7) === 5) return this.#plainText(this.#windows.word(object - 1 + thinActualAt));
    if (type < 0 || type >= firstNonString || (type & 7) !== 0 || (type & 8) === 0) return null;
    const length = this.#windows.piece(object - 1 + stringLengthAt, 4)?.readInt32LE(0) ?? 0;
    if (length <= 0 || length > mostNameBytes) return null;
    return this.#windows.piece(object - 1 + stringCharsAt, length)?.toString('latin1') ?? null;
  }

  #plainText(object: number): string | null {
    const type = this.instanceType(object);
    return type >= 0 && type < this.#layout.firstNonString && (type & 7) === 0 ? this.#text(object) : null;
  }

  /** Of an object of a class that extends another one, the map knows only the outermost of these: its own is what its prototype says. */
  constructorName(map: number): string | null {
    const { bitField2At, elementsKindShift, prototypeAt } = this.#layout;
    // The kind of elements lies above two bits, the lower of which says that what made the object is what `new` was called with.
    const bits = elementsKindShift === 2 ? (this.#windows.piece(map - 1 + bitField2At, 1)?.[0] ?? 1) : 1;
    const own = (bits & 1) === 0 ? this.#property(this.#windows.word(map - 1 + prototypeAt), 'constructor') : 0;
    return (this.isFunction(this.instanceType(own)) ? this.functionName(own) : null) ?? this.#madeBy(map);
  }

  /** Of an object's own; 0 where it has none. */
  #property(object: number, wanted: string): number {
    const map = this.#windows.word(object - 1);
    const { bitField3At, dictionaryShift, inObjectStartAt, instanceWordsAt, propertiesAt, descriptorsAt, descriptorsHeaderBytes } =
      this.#layout;
    const start = this.#windows.piece(map - 1 + inObjectStartAt, 1)?.[0] ?? 0;
    const words = this.#windows.piece(map - 1 + instanceWordsAt, 1)?.[0] ?? 0;
    const bits = this.#windows.piece(map - 1 + bitField3At, 4)?.readUInt32LE(0) ?? 0;
    const properties = this.#windows.word(object - 1 + propertiesAt) - 1;
    if (((bits >>> dictionaryShift) & 1) === 1) return this.#inDictionary(properties, wanted);
    const own = this.#descriptors(map).find(({ key }) => this.name(key) === wanted);
    if (own === undefined) return 0;
    if (own.field === null)
      return this.#windows.word(this.#windows.word(map - 1 + descriptorsAt) - 1 + descriptorsHeaderBytes + own.at + 16);
    const inside = start + own.field;
    return this.#windows.word(inside < words ? object - 1 + inside * 8 : properties + 16 + (inside - words) * 8);
  }

  /** Entries of a key, a value and what is known of it. */
  #inDictionary(table: number, wanted: string): number {
    const first = 40 + this.#layout.dictionaryPrefixWords * 8;
    const capacity = Math.floor(this.#windows.word(table + 32) / high);
    for (let entry = 0; entry < Math.min(capacity, mostProperties); entry += 1)
      if (this.name(this.#windows.word(table + first + entry * 24)) === wanted) return this.#windows.word(table + first + entry * 24 + 8);
    return 0;
  }

  #madeBy(map: number): string | null {
    let at = map;
    for (let back = 0; back < mostBack; back += 1) {
      at = this.#windows.word(at - 1 + this.#layout.constructorAt);
      if (this.instanceType(at) !== this.#layout.mapType) break;
    }
    return this.functionName(at);
  }

  functionName(fn: number): string | null {
    const shared = this.#windows.word(fn - 1 + this.#layout.functionSharedAt);
    const name = this.#windows.word(shared - 1 + this.#layout.sharedNameAt);
    return this.name(name) ?? this.#nameInScope(name);
  }

  /** `server.mjs`, where the function is written. */
  scriptOfFunction(fn: number): string | null {
    const shared = this.#windows.word(fn - 1 + this.#layout.functionSharedAt);
    const script = this.#windows.word(shared - 1 + this.#layout.sharedScriptAt);
    if (this.instanceType(script) !== this.#layout.scriptType) return null;
    const path = this.#text(this.#windows.word(script - 1 + this.#layout.scriptNameAt));
    return path === null ? null : basename(path);
  }

  #scope(scope: number): { locals: number; words: Buffer } | null {
    if (this.instanceType(scope) !== this.#layout.scopeInfo) return null;
    const at = 8 * (1 + this.#layout.scopeLocalsIndex);
    const locals = Math.floor(this.#windows.word(scope - 1 + at) / high);
    let length = scopeWords * 8;
    let piece = this.#windows.piece(scope - 1, length);
    // It may lie at the end of what is mapped.
    while (piece === null && length > 128) {
      length /= 2;
      piece = this.#windows.piece(scope - 1, length);
    }
    return piece === null ? null : { locals, words: Buffer.from(piece) };
  }

  /** Names of the locals come first among what is no number; then one word on each; then the name of the function. */
  #nameInScope(address: number): string | null {
    const scope = this.#scope(address);
    if (scope === null) return null;
    const first = this.#firstName(scope);
    if (first < 0) return null;
    const from = scope.locals > 0 && scope.locals <= mostLocals ? first + scope.locals * 2 : first;
    for (let word = from; word < Math.min(from + 6, Math.floor(scope.words.length / 8)); word += 1) {
      const name = this.name(wordIn(scope.words, word * 8));
      if (name !== null) return name;
    }
    return null;
  }

  #firstName({ words }: { words: Buffer }): number {
    for (let word = 2 + this.#layout.scopeLocalsIndex; word < Math.min(16, words.length / 8); word += 1)
      if (word * 8 + 8 <= words.length && (wordIn(words, word * 8) & 3) === 1) return word;
    return -1;
  }

  /** The variable of a context so many bytes from its start. */
  contextVariable(context: number, offset: number): ContextVariable | null {
    return this.#contextVariables(context, (offset - 16) / 8, (offset - 8) / 8)[0] ?? null;
  }

  /** Of a module, or of the program: what lasts as long as it does. */
  moduleVariables(context: number): { name: string; offset: number }[] {
    return this.#contextVariables(context, 0, mostLocals + 3).filter(({ isModule }) => isModule);
  }

  #contextVariables(context: number, from: number, to: number): (ContextVariable & { offset: number })[] {
    const scope = this.#scope(this.#windows.word(context - 1 + 16));
    if (scope === null) return [];
    const header = contextHeaderWords + this.#wordsBeforeVariables(context, scope.locals);
    const first = this.#firstName(scope);
    if (first < 0 || scope.locals > mostLocals) return [];
    const isModule = this.isOutermost(context);
    const last = Math.min(to, header + scope.locals);
    return Array.from({ length: Math.max(0, last - Math.max(from, header)) }).flatMap((_, index) => {
      const slot = Math.max(from, header) + index;
      const at = (first + slot - header) * 8;
      const name = at + 8 <= scope.words.length ? this.name(wordIn(scope.words, at)) : null;
      return name === null ? [] : [{ name, isModule, offset: 16 + slot * 8 }];
    });
  }

  /** Behind what every context begins with: a module has itself there, a script since V8 12 notes about its variables. */
  #wordsBeforeVariables(context: number, locals: number): number {
    if (this.instanceType(this.#windows.word(context - 1 + 32)) === this.#layout.sourceModule) return 1;
    if (!this.#isProgramContext(this.instanceType(context) - this.#layout.firstContext)) return 0;
    const slots = Math.floor(this.#windows.word(context - 1 + 8) / high);
    return slots === contextHeaderWords + locals + 1 ? 1 : 0;
  }

  /** Of a module or of the program: what is around of it is no function. What is no context any more, because the collector moved it, is neither. */
  isOutermost(context: number): boolean {
    const type = this.instanceType(context);
    if (!this.#isContext(type)) return false;
    if (this.instanceType(this.#windows.word(context - 1 + 32)) === this.#layout.sourceModule) return true;
    if (this.#isProgramContext(type - this.#layout.firstContext)) return true;
    const around = this.instanceType(this.#windows.word(context - 1 + 24));
    // Native and script contexts are the outermost ones.
    return !this.#isContext(around) || this.#isProgramContext(around - this.#layout.firstContext);
  }

  #isContext(type: number): boolean {
    return type >= this.#layout.firstContext && type <= this.#layout.lastContext;
  }

  #isProgramContext(place: number): boolean {
    return place === 7 || place === 8;
  }

  /** Of a global variable. */
  nameOfCell(cell: number): string | null {
    return this.name(this.#windows.word(cell - 1 + 8));
  }

  /** In a hash table, of the value so many bytes from its start. */
  keyBefore(table: number, offset: number): string | null {
    return this.name(this.#windows.word(table - 1 + offset - 8));
  }

  /** Keys in the order of the fields of objects of this map. */
  fieldKeys(map: number): Map<number, number> {
    return new Map(this.#descriptors(map).flatMap(({ key, field }) => (field === null ? [] : [[field, key]])));
  }

  /** `field`: number of the field that it is in; null of what all objects of the map share. `at`: bytes from the first. */
  #descriptors(map: number): { key: number; field: number | null; at: number }[] {
    const { bitField3At, ownDescriptorsMask, ownDescriptorsShift, descriptorsAt, descriptorsHeaderBytes } = this.#layout;
    const { fieldIndexMask, fieldIndexShift, fieldLocationMask } = this.#layout;
    const bits = this.#windows.piece(map - 1 + bitField3At, 4)?.readUInt32LE(0) ?? 0;
    const own = Math.min(mostProperties, (bits & ownDescriptorsMask) >>> ownDescriptorsShift);
    const from = this.#windows.word(map - 1 + descriptorsAt) - 1 + descriptorsHeaderBytes;
    return Array.from({ length: own }, (_, index) => {
      const at = index * descriptorBytes;
      const details = Math.floor(this.#windows.word(from + at + 8) / high);
      const field = (details & fieldLocationMask) === 0 ? (details & fieldIndexMask) >>> fieldIndexShift : null;
      return { key: this.#windows.word(from + at), field, at };
    });
  }

  /** The name of what an object has so many bytes from its start; null when that is no field with a name. */
  fieldName(map: number, offset: number): string | null {
    const start = this.#windows.piece(map - 1 + this.#layout.inObjectStartAt, 1)?.[0] ?? 0;
    return this.#keyName(this.fieldKeys(map).get(offset / 8 - start) ?? 0);
  }

  /** The same, of what no longer had room in the object itself. */
  outerFieldName(map: number, slot: number): string | null {
    const piece = Buffer.from(this.#windows.piece(map - 1, 16) ?? []);
    if (piece.length === 0) return null;
    const inside = (piece[this.#layout.instanceWordsAt] ?? 0) - (piece[this.#layout.inObjectStartAt] ?? 0);
    return this.#keyName(this.fieldKeys(map).get(inside + slot) ?? 0);
  }

  #keyName(key: number): string | null {
    const name = this.name(key);
    return name !== null && this.instanceType(key) === this.#layout.symbolType && !name.startsWith('#') ? `[${name}]` : name;
  }

  #keys(map: number): string[] {
    return [...this.fieldKeys(map).values()].slice(0, mostShown).flatMap((key) => this.name(key) ?? []);
  }
}
