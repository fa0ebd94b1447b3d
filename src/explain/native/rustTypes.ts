/**
 * The type of a block that Rust holds as `dyn Trait`: beside the pointer to it lies one to its table, which has the function that drops it, its
 * size, and its methods. Types that are dropped in the same way may share that function, so a method says it better.
 * https://doc.rust-lang.org/reference/type-layout.html#trait-object-layout (the table is as rustc makes it, not promised)
 */
import type { TargetMemory } from '../targetMemory.ts';
import { long } from './glibcArenas.ts';
import type { VariableNames } from './variableNames.ts';

/** Part of the names of functions that drop what is held as `dyn`. */
const dropsType = 'drop_in_place';
const headerBytes = 16;
const tableBytes = 24;
const mostMethods = 4;
const mostHolders = 12;
const mostHolderBytes = 16 << 20;

export interface HeldBlock {
  block: number;
  blockBytes: number;
  holder: number;
  holderBytes: number;
}

/** Null where most are not held so, or the program has no symbols. */
export function rustTypeOf(memory: TargetMemory, variables: VariableNames, held: readonly HeldBlock[]): string | null {
  if (!variables.anyHas(dropsType)) return null;
  const counts = new Map<string, number>();
  const looked = held.slice(0, mostHolders);
  const contents = new Map<number, Buffer>();
  for (const each of looked) {
    let content = contents.get(each.holder);
    if (content === undefined) {
      content = contentOf(memory, each);
      contents.set(each.holder, content);
    }
    const name = typeBeside(memory, variables, each, content);
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most !== undefined && most[1] * 2 > looked.length ? most[0] : null;
}

function contentOf(memory: TargetMemory, { holder, holderBytes }: HeldBlock): Buffer {
  const content = Buffer.alloc(Math.max(0, Math.min(mostHolderBytes, holderBytes - headerBytes)));
  return content.subarray(0, memory.read(holder + headerBytes, content));
}

function typeBeside(memory: TargetMemory, variables: VariableNames, { block, blockBytes }: HeldBlock, content: Buffer): string | null {
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(block + headerBytes));
  for (let at = content.indexOf(pointer); at >= 0 && at + 16 <= content.length; at = content.indexOf(pointer, at + 8)) {
    const name = typeOfTable(memory, variables, long(content, at + 8), blockBytes);
    if (name !== null) return name;
  }
  return null;
}

function typeOfTable(memory: TargetMemory, variables: VariableNames, table: number, blockBytes: number): string | null {
  const start = Buffer.alloc(tableBytes + mostMethods * 8);
  if (table < 4096 || table > 2 ** 47 || table % 8 !== 0 || memory.read(table, start) < tableBytes) return null;
  const [drop, size, alignment] = [long(start, 0), long(start, 8), long(start, 16)];
  if (size === 0 || size > blockBytes || ![1, 2, 4, 8, 16].includes(alignment)) return null;
  const dropped = /drop_in_place<(.+)>$/.exec(functionAt(variables, drop))?.[1] ?? null;
  // Without what is to be dropped there is no function for it.
  if (dropped === null && drop !== 0) return null;
  for (let at = tableBytes; at < start.length; at += 8) {
    const method = functionAt(variables, long(start, at));
    if (method === '' || method.includes(dropsType)) break;
    const type = /^<(.+) as .+>::/.exec(method)?.[1];
    if (type !== undefined) return type;
  }
  return dropped;
}

function functionAt(variables: VariableNames, address: number): string {
  const file = variables.fileAt(address);
  return (file === null ? null : variables.symbolAt(file, address)) ?? '';
}
