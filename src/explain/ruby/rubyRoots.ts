/** What a Ruby program holds its values by: constants, class variables, instance variables of classes, global variables. */

import { largestPageBytes, type RubyPage, visitSlots } from './rubyHeap.ts';
import { isAddress, type RubyValues, rubyType, wordIn } from './rubyValues.ts';

const mostClasses = 100_000;
const mostDataBytes = 1 << 20;

export type RubyRoots = Map<number, string>;

export function readRubyRoots(values: RubyValues, pages: readonly RubyPage[], data: readonly { start: number; end: number }[]): RubyRoots {
  const roots: RubyRoots = new Map();
  const hold = (value: number, by: string) => {
    if (isAddress(value) && !roots.has(value)) roots.set(value, by);
  };
  for (const [name, value] of globalVariables(values, data)) hold(value, name);
  for (const address of classesIn(values, pages)) {
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

function classesIn(values: RubyValues, pages: readonly RubyPage[]): number[] {
  const classes: number[] = [];
  const buffer = Buffer.alloc(largestPageBytes);
  for (const page of pages) {
    visitSlots(values, page, buffer, (address, flags) => {
      const kind = flags & 31;
      if ((kind === rubyType.class || kind === rubyType.module) && classes.length < mostClasses) classes.push(address);
    });
  }
  return classes;
}

/** `rb_global_tbl`: the one table by IDs whose values are pairs of a variable and its own ID. */
function globalVariables(values: RubyValues, data: readonly { start: number; end: number }[]): [string, number][] {
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
