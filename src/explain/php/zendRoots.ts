/**
 * What a running PHP script holds its values by: globals, static properties, static variables and the local variables of the functions
 * that it is in. Read from `executor_globals`, which PHP exports; offsets as in zend_globals.h and zend_compile.h, those that differ between
 * versions found by what lies there.
 */
import { wordAt } from './zendHeap.ts';
import { classOffset, isAddress, type ZendValues, zendType } from './zendValues.ts';

const executorOffset = { symbolTable: 304, functionTable: 432, classTable: 440, currentFrame: 488 } as const;
const compilerBytes = 1024;
const frameBytes = 80;
const mostFrames = 2_000;
const mostClasses = 50_000;
const mostFunctions = 100_000;
const mostVariables = 10_000;
/** Within zend_op_array: where any version has its pointers to static variables, names of variables and the file. */
const functionBytes = 200;
const firstPointer = 48;
const userCode = 2;

export interface ZendGlobals {
  executor: number;
  compiler: number;
}

/** By address of the value held: who holds it, as it is written in PHP. */
export type ZendRoots = Map<number, string>;

export function readRoots(values: ZendValues, globals: ZendGlobals): ZendRoots {
  const reader = new RootReader(values, globals);
  reader.read();
  return reader.roots;
}

class RootReader {
  readonly roots: ZendRoots = new Map();
  readonly #values: ZendValues;
  readonly #globals: ZendGlobals;
  /** Added to what is kept as an offset; NaN where this PHP has none. */
  readonly #mapBase: number;

  constructor(values: ZendValues, globals: ZendGlobals) {
    this.#values = values;
    this.#globals = globals;
    this.#mapBase = mapBaseIn(values.bytes(globals.compiler, compilerBytes));
  }

  read(): void {
    // Before the functions that run: some of their variables are global ones.
    this.#variables(this.#globals.executor + executorOffset.symbolTable, (name) => `global $${name}`);
    this.#frames();
    this.#classes();
    const functions = this.#values.array(this.#values.word(this.#globals.executor + executorOffset.functionTable));
    for (const { value } of functions === null ? [] : this.#values.entries(functions, mostFunctions)) this.#staticVariables(value, null);
  }

  #hold(address: number, by: string): void {
    const held = this.#values.held(address);
    if (held === null) return;
    if (!this.roots.has(held.address)) this.roots.set(held.address, by);
    // Who is asked for the holder of what is held by reference finds the reference.
    const reference = this.#values.word(address);
    if (reference !== held.address && !this.roots.has(reference)) this.roots.set(reference, by);
  }

  #variables(arrayAddress: number, called: (name: string) => string): void {
    const array = this.#values.array(arrayAddress);
    for (const { key, address } of array === null ? [] : this.#values.entries(array, mostVariables)) {
      if (key !== null) this.#hold(address, called(key));
    }
  }

  #classes(): void {
    const table = this.#values.array(this.#values.word(this.#globals.executor + executorOffset.classTable));
    for (const { value: entry } of table === null ? [] : this.#values.entries(table, mostClasses)) {
      const header = this.#values.bytes(entry, classOffset.functions);
      if (header?.[0] !== userCode) continue;
      const name = this.#values.className(entry);
      if (name === null) continue;
      if (header.readInt32LE(classOffset.staticCount) > 0) this.#staticProperties(entry, name, wordAt(header, classOffset.statics));
      const methods = this.#values.array(entry + classOffset.functions);
      for (const { value } of methods === null ? [] : this.#values.entries(methods, 2_000)) this.#staticVariables(value, name);
    }
  }

  #staticProperties(entry: number, className: string, pointer: number): void {
    const table = this.#staticTable(pointer);
    if (!isAddress(table)) return;
    for (const { isStatic, offset, name } of this.#values.propertyInfos(entry)) {
      if (isStatic && offset < mostVariables) this.#hold(table + offset * 16, `${className}::$${name}`);
    }
  }

  /** An even pointer is the table itself from PHP 8.2 on, where its first value has a small number for its type. */
  #staticTable(pointer: number): number {
    const typeInfo = isAddress(pointer) ? this.#values.word(pointer + 8) % 2 ** 32 : Number.NaN;
    return typeInfo < 2 ** 16 ? pointer : this.#mapped(pointer);
  }

  /** ZEND_MAP_PTR: an odd number is an offset, an even one the place where the pointer is. */
  #mapped(pointer: number): number {
    return this.#values.word(pointer % 2 === 1 ? this.#mapBase + pointer : pointer);
  }

  #staticVariables(code: number, className: string | null): void {
    const record = isAddress(code) ? this.#values.bytes(code, functionBytes) : null;
    if (record?.[0] !== userCode) return;
    const name = this.#values.name(wordAt(record, 8));
    if (name === null) return;
    const where = className === null ? `${name}()` : `${className}::${name}()`;
    for (let offset = firstPointer; offset < 136; offset += 8) {
      const pointer = wordAt(record, offset);
      const isOffset = pointer % 2 === 1 && pointer < 2 ** 32;
      if (!isOffset && !isAddress(pointer)) continue;
      for (const address of isOffset ? [this.#mapped(pointer)] : [pointer, this.#mapped(pointer)]) {
        if (isAddress(address)) this.#variables(address, (variable) => `static $${variable} in ${where}`);
      }
    }
  }

  #frames(): void {
    let frame = this.#values.word(this.#globals.executor + executorOffset.currentFrame);
    for (let depth = 0; depth < mostFrames && isAddress(frame); depth += 1) {
      const record = this.#values.bytes(frame, frameBytes);
      if (record === null) return;
      this.#localVariables(frame, wordAt(record, 24));
      if (record.readUInt8(40) === zendType.object) this.#hold(frame + 32, '$this of a running method');
      frame = wordAt(record, 48);
    }
  }

  #localVariables(frame: number, code: number): void {
    const record = isAddress(code) ? this.#values.bytes(code, functionBytes) : null;
    if (record?.[0] !== userCode) return;
    const where = functionName(this.#values, record);
    for (const [index, name] of variableNames(this.#values, record).entries()) {
      this.#hold(frame + frameBytes + index * 16, where === null ? `global $${name}` : `$${name} in ${where}`);
    }
  }
}

/** `map_ptr_base`: the one pointer that is one less than the pointer before it (PHP 8); before that, both are the same. */
function mapBaseIn(compiler: Buffer | null): number {
  for (let offset = 0; compiler !== null && offset + 16 <= compiler.length; offset += 8) {
    const real = wordAt(compiler, offset);
    if (isAddress(real) && wordAt(compiler, offset + 8) === real - 1) return real - 1;
  }
  return Number.NaN;
}

/** Null for the script itself, whose variables are the global ones. */
function functionName(values: ZendValues, record: Buffer): string | null {
  const name = values.name(wordAt(record, 8));
  const scope = values.className(wordAt(record, 16));
  return name === null ? null : `${scope === null ? '' : `${scope}::`}${name}()`;
}

/** `vars`: a table of names, unlike any other that a function has. */
function variableNames(values: ZendValues, record: Buffer): string[] {
  for (let offset = firstPointer; offset + 8 <= functionBytes; offset += 8) {
    const table = wordAt(record, offset);
    const count = isAddress(table) ? countOfNames(values, table) : 0;
    if (count > 0) {
      return Array.from({ length: count }, (_, index) => values.name(values.word(table + index * 8)) ?? '?');
    }
  }
  return [];
}

function countOfNames(values: ZendValues, table: number): number {
  // A literal is a value as well: its type follows where the next name would be.
  for (let count = 0; count < 1_000; count += 1) {
    const name = values.name(values.word(table + count * 8));
    if (name === null || !/^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/.test(name)) {
      return count === 1 && values.word(table + 8) < 2 ** 20 && values.word(table + 8) % 16 === zendType.string ? 0 : count;
    }
  }
  return 0;
}

/** `/srv/shop/Listeners.php:30`: where a function that has no name of its own is written. */
export function placeOfFunction(values: ZendValues, code: number): string | null {
  const record = values.bytes(code, functionBytes);
  if (record?.[0] !== userCode) return null;
  for (let offset = firstPointer; offset + 16 <= functionBytes; offset += 8) {
    const file = values.name(wordAt(record, offset));
    const first = record.readUInt32LE(offset + 8);
    const last = record.readUInt32LE(offset + 12);
    if (file?.includes('/') === true && first > 0 && first <= last && last < 10_000_000) return `${file}:${first}`;
  }
  return null;
}

const executorBytes = 2_048;

/** The value of a setting of php.ini as it is now; null when it isn't found. */
export function setting(values: ZendValues, globals: ZendGlobals, name: string): string | null {
  const executor = values.bytes(globals.executor, executorBytes);
  for (let offset = executorOffset.currentFrame; executor !== null && offset + 8 <= executor.length; offset += 8) {
    const address = wordAt(executor, offset);
    const table = isAddress(address) ? values.array(address) : null;
    if (table === null || table.count < 32 || table.count > 10_000) continue;
    const entry = values.entries(table, 10_000).find(({ key }) => key === name);
    if (entry !== undefined) return values.name(values.word(entry.value + 40));
  }
  return null;
}
