/**
 * The class of a C++ object, from its table of virtual functions: the word before the table leads to `std::type_info`, which has the name.
 * It is there in stripped programs, too, and missing only where compiled with -fno-rtti.
 * https://itanium-cxx-abi.github.io/cxx-abi/abi.html#vtable
 */
import type { TargetMemory } from '../targetMemory.ts';
import { demangleType } from './demangle.ts';
import { long } from './glibcArenas.ts';

const mostNameBytes = 512;
const largestAddress = 2 ** 47;

/** Before the first function: how far the table's part lies from the object, 0 for the object itself. */
export function isTypeTable(memory: TargetMemory, table: number): boolean {
  const bytes = Buffer.alloc(24);
  if (memory.read(table - 16, bytes) < bytes.length) return false;
  const [offset, info, first] = [long(bytes, 0), long(bytes, 8), long(bytes, 16)];
  return (offset === 0 || offset > 2 ** 63) && isPointer(info) && (first === 0 || isPointer(first));
}

export function typeNameOf(memory: TargetMemory, table: number): string | null {
  const info = readPointer(memory, table - 8);
  const name = info === null ? null : readPointer(memory, info + 8);
  if (name === null) return null;
  const bytes = Buffer.alloc(mostNameBytes);
  const text = bytes.toString('latin1', 0, memory.read(name, bytes));
  // A star before it says that the name is unique by its address.
  const mangled = /^\*?(\w[\w.$]*)\0/.exec(text)?.[1];
  return mangled === undefined ? null : withoutCounter(demangleType(mangled));
}

/** What a shared_ptr refers to lies behind its counters, which are the object that has the table. */
function withoutCounter(type: string): string {
  const counted = /^std::_Sp_counted_(?:ptr_inplace|ptr|deleter)<(.+?)\*?(?:, .*)?>$/.exec(type)?.[1];
  return counted === undefined ? type : `${counted} of a shared_ptr`;
}

function readPointer(memory: TargetMemory, address: number): number | null {
  const bytes = Buffer.alloc(8);
  if (address < 4096 || memory.read(address, bytes) < bytes.length) return null;
  const value = long(bytes, 0);
  return isPointer(value) ? value : null;
}

function isPointer(value: number): boolean {
  return value >= 4096 && value < largestAddress;
}
