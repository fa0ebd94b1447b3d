/**
 * Threads, and where each has what it keeps for itself. Local variables: a thread has a stack of values, from the bottom up, and one of frames,
 * from the top down. The record of a thread leads to its execution context, which begins with the stack, its words, and the innermost frame, and
 * has the table of `Thread.current[:name]` further on; the record begins with the threads beside it in a ring.
 */
import { isAddress, type RubyValues, rubyFlag, wordIn } from './rubyValues.ts';

const machineBytes = 640;
const dataAt = 32;
const threadBytes = 1_024;
const mostThreads = 1_000;
const [fewestWords, mostWords] = [2 ** 12, 2 ** 22];
/** In a context, where its table may be; in a record, where the object of the thread may be. */
const [firstTable, lastTable] = [40, 96];
const objectWithin = 64;
const mostDataBytes = 1 << 20;
const mostTableBytes = 1 << 22;
const mostVariables = 64;

/** Begins the name of what is only there for one thread. */
export const ofThread = 'Thread.current';

export interface AddressRange {
  start: number;
  end: number;
}

export interface RubyThread {
  /** What leads to its context: its own record and, of some, that of a ractor. */
  records: number[];
  context: number;
  stacks: [AddressRange, AddressRange];
}

/** The record of the machine: its object has it, and it begins with that. Of some versions its name says where it is, of others nothing does. */
export function findMachine(values: RubyValues, data: readonly AddressRange[]): number {
  for (const { start, end } of data) {
    for (const address of addressesIn(values, start, Math.min(end - start, mostDataBytes))) {
      const object = values.word(address);
      if (isAddress(object) && values.word(object + dataAt) === address && values.className(values.word(object + 8)) === 'RubyVM')
        return address;
    }
  }
  return 0;
}

/** `machine`: address of its record. */
export function rubyThreads(values: RubyValues, machine: number): RubyThread[] {
  const threads = new Map<number, RubyThread>();
  const records = addressesIn(values, machine, machineBytes);
  for (const record of records) {
    for (const context of addressesIn(values, record, threadBytes)) {
      const stacks = stacksOf(values, context);
      if (stacks === null || threads.size === mostThreads) continue;
      const thread = threads.get(context) ?? { records: [], context, stacks };
      thread.records.push(record);
      threads.set(context, thread);
      for (const beside of addressesIn(values, record, 16)) records.add(beside);
    }
  }
  return [...threads.values()];
}

function stacksOf(values: RubyValues, context: number): RubyThread['stacks'] | null {
  const head = values.bytes(context, 24);
  if (head === null) return null;
  const [start, words, frame] = [wordIn(head, 0), wordIn(head, 8), wordIn(head, 16)];
  const end = start + words * 8;
  if (!isAddress(start) || words < fewestWords || words > mostWords || !isAddress(frame) || frame <= start || frame >= end) return null;
  const top = values.word(frame + 8);
  if (!(top >= start && top <= frame)) return null;
  return [
    { start, end: top },
    { start: frame, end },
  ];
}

/** Values by name: those of `Thread.current[:name]`, which are of a fiber, and those of `thread_variable_set`. `data`: what libruby has that is global. */
export function threadLocals(values: RubyValues, threads: readonly RubyThread[], data: readonly AddressRange[]): [string, number][] {
  const ofFibers = threads.flatMap(({ context }) =>
    localsIn(values, context).map(({ name, value }): [string, number] => [`${ofThread}[:${name}]`, value]),
  );
  const objects = threads.flatMap(({ records }) => records.flatMap((record) => threadObject(values, record) ?? []));
  const ofThreads = variablesOf(values, objects, data).flatMap((hash) =>
    values.pairs(hash).flatMap(({ key, value }): [string, number][] => {
      const name = values.symbolName(key);
      return name === null ? [] : [[`${ofThread}.thread_variable_get(:${name})`, value]];
    }),
  );
  return [...ofFibers, ...ofThreads];
}

/** Of the first table whose keys are all names. */
function localsIn(values: RubyValues, context: number): { name: string; value: number }[] {
  for (let at = context + firstTable; at <= context + lastTable; at += 8) {
    const table = values.word(at);
    const entries = values.idTable(table).map(({ key, value }) => ({ name: values.serialName(key), value }));
    // Before 3.0.
    const byId = values.entries(table).map(({ key, value }) => ({ name: values.idName(key), value }));
    for (const each of [entries, byId]) {
      const named = each.flatMap(({ name, value }) => (name === null ? [] : [{ name, value }]));
      if (each.length > 0 && named.length === each.length) return named;
    }
  }
  return [];
}

/** Of a thread that has variables of its own. */
function threadObject(values: RubyValues, record: number): number | null {
  for (const object of addressesIn(values, record, objectWithin)) {
    if (values.className(values.word(object + 8)) !== 'Thread') continue;
    return (values.word(object) & rubyFlag.variablesOutside) === 0 ? null : object;
  }
  return null;
}

/** What is no plain object has its variables in a table of all such: by object, how many, and these. */
function variablesOf(values: RubyValues, objects: readonly number[], data: readonly AddressRange[]): number[] {
  const [first] = objects;
  if (first === undefined) return [];
  const table = tableWith(values, first, data);
  return values
    .entries(table)
    .filter(({ key }) => objects.includes(key))
    .flatMap(({ value }) => {
      const count = (values.bytes(value, 8)?.readUInt32LE(0) ?? 0) % mostVariables;
      return [...addressesIn(values, value + 8, count * 8)];
    });
}

/** Of those that libruby has; 0 when there is none. */
function tableWith(values: RubyValues, key: number, data: readonly AddressRange[]): number {
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64LE(BigInt(key));
  for (const { start, end } of data) {
    for (const table of addressesIn(values, start, Math.min(end - start, mostDataBytes))) {
      const range = values.tableRange(table);
      const entries = range === null ? null : values.bytes(range.start, Math.min(range.end - range.start, mostTableBytes));
      if (entries?.includes(wanted) === true) return table;
    }
  }
  return 0;
}

function addressesIn(values: RubyValues, address: number, length: number): Set<number> {
  const bytes = values.bytes(address, length);
  const found = new Set<number>();
  for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
    const word = wordIn(bytes, offset);
    if (isAddress(word)) found.add(word);
  }
  return found;
}
