/**
 * Where Ruby keeps its local variables: each thread has a stack of values, from the bottom up, and one of frames, from the top down. The record
 * of a thread leads to its execution context, which begins with the stack, its words, and the innermost frame.
 */
import type { Region } from '../targetMemory.ts';
import { isAddress, type RubyValues, wordIn } from './rubyValues.ts';

const machineBytes = 640;
const threadBytes = 1_024;
const [fewestWords, mostWords] = [2 ** 12, 2 ** 22];

export interface AddressRange {
  start: number;
  end: number;
}

/** `machine`: address of `ruby_current_vm_ptr`. */
export function rubyStacks(values: RubyValues, machine: number): AddressRange[] {
  const stacks = new Map<number, AddressRange[]>();
  for (const record of addressesIn(values, values.word(machine), machineBytes)) {
    for (const context of addressesIn(values, record, threadBytes)) {
      const head = values.bytes(context, 24);
      if (head === null) continue;
      const [start, words, frame] = [wordIn(head, 0), wordIn(head, 8), wordIn(head, 16)];
      const end = start + words * 8;
      if (
        !isAddress(start) ||
        stacks.has(start) ||
        words < fewestWords ||
        words > mostWords ||
        !isAddress(frame) ||
        frame <= start ||
        frame >= end
      )
        continue;
      const top = values.word(frame + 8);
      if (top < start || top > frame) continue;
      stacks.set(start, [
        { start, end: top },
        { start: frame, end },
      ]);
    }
  }
  return [...[...stacks.values()].flat(), ...values.memory.regions().filter(({ path }: Region) => path === '[stack]')];
}

function addressesIn(values: RubyValues, address: number, length: number): Set<number> {
  const bytes = values.bytes(address, length);
  const found = new Set<number>();
  for (let offset = 0; bytes !== null && offset < length; offset += 8) {
    const word = wordIn(bytes, offset);
    if (isAddress(word)) found.add(word);
  }
  return found;
}
