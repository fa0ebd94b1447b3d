/** What a Ruby program holds its values by: constants, class variables, instance variables of classes, global variables, those of threads. */
import { type AddressRange, type RubyThread, threadLocals } from './rubyThreads.ts';
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

const mostDataBytes = 1 << 20;

export type RubyRoots = Map<number, string>;

export interface RootsRequest {
  values: RubyValues;
  /** Addresses of classes and modules. */
  classes: readonly number[];
  threads: readonly RubyThread[];
  /** Where libruby keeps what is global. */
  data: readonly AddressRange[];
}

export function readRubyRoots({ values, classes, threads, data }: RootsRequest): RubyRoots {
  const roots: RubyRoots = new Map();
  const hold = (value: number, by: string) => {
    if (isAddress(value) && !roots.has(value)) roots.set(value, by);
  };
  for (const [name, value] of [...globalVariables(values, data), ...threadLocals(values, threads, data)]) hold(value, name);
  for (const address of classes) {
    const name = values.className(address);
    if (name === null) continue;
    const prefix = name === 'Object' ? '' : `${name}::`;
    for (const constant of values.constants(address)) hold(constant.value, `${prefix}${constant.name}`);
    for (const { key, value } of values.classVariables(address)) {
      const variable = values.idName(key);
      if (variable?.startsWith('@') === true) hold(value, `${variable} of ${name}`);
    }
  }
  return roots;
}

/** `rb_global_tbl`: the one table by IDs whose values are pairs of a variable and its own ID. */
function globalVariables(values: RubyValues, data: readonly AddressRange[]): [string, number][] {
  for (const { start, end } of data) {
    const bytes = values.bytes(start, Math.min(end - start, mostDataBytes));
    for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
      const table = wordIn(bytes, offset);
      const entries = isAddress(table) ? values.idTable(table) : [];
      if (entries.length < 16 || !entries.every(({ key, value }) => Math.floor(values.word(value + 8) / 16) === key)) continue;
      return entries.flatMap(({ key, value }) => {
        const name = values.serialName(key);
        return name === null ? [] : [[name, values.word(values.word(value) + 8)] satisfies [string, number]];
      });
    }
  }
  return [];
}
