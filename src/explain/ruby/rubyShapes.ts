/**
 * What variables an object has, as Ruby 3.3 keeps it: above its flags each has the number of its shape, which is the shape that it had before with
 * one variable more. All shapes lie in one list, which a record leads to that libruby has among what is global.
 * https://github.com/ruby/ruby/blob/ruby_3_3/shape.h
 */
import { wordIn } from '../heapWindows.ts';

const shapeBytes = 40;
const [fewestShapes, mostShapes] = [12, 1 << 19];
const noParent = 0xffff_ffff;
const shapesTried = 64;
const mostDataBytes = 1 << 20;
const mostVariables = 1_000;
const tooComplex = 4;

/** Of the process. */
interface BytesReader {
  /** Null where there are none. */
  bytes(address: number, length: number): Buffer | null;
}

interface RubyShape {
  /** The variable that it has more than the one before. */
  edgeName: number;
  variables: number;
  /** How many an object of it has room for. */
  capacity: number;
  type: number;
  parent: number;
}

/** Null where there is no such list. */
export function findShapes(values: BytesReader, data: readonly { start: number; end: number }[]): RubyShapes | null {
  for (const { start, end } of data) {
    const bytes = values.bytes(start, Math.min(end - start, mostDataBytes));
    for (let offset = 0; bytes !== null && offset + 8 <= bytes.length; offset += 8) {
      const shapes = shapesOf(values, wordIn(bytes, offset));
      if (shapes !== null) return shapes;
    }
  }
  return null;
}

/** The record: where the list begins, the first shape, which is there too, and how many there are. */
function shapesOf(values: BytesReader, record: number): RubyShapes | null {
  const head = values.bytes(record, 24);
  if (head === null) return null;
  const [list, count] = [wordIn(head, 0), head.readUInt32LE(16)];
  if (list === 0 || list !== wordIn(head, 8) || count < fewestShapes || count > mostShapes) return null;
  const shapes = new RubyShapes(values, list);
  for (let number = 0; number < Math.min(count, shapesTried); number += 1) {
    const parent = shapes.at(number)?.parent;
    if (parent === undefined || (parent !== noParent && parent >= number) || (number === 0 && parent !== noParent)) return null;
  }
  return shapes;
}

/** A shape stays as it is once it is there. */
export class RubyShapes {
  readonly #values: BytesReader;
  readonly #list: number;
  readonly #known: (RubyShape | null)[] = [];

  constructor(values: BytesReader, list: number) {
    this.#values = values;
    this.#list = list;
  }

  at(number: number): RubyShape | null {
    const known = this.#known[number];
    if (known !== undefined || number >= mostShapes) return known ?? null;
    const bytes = this.#values.bytes(this.#list + number * shapeBytes, shapeBytes);
    const shape =
      bytes === null
        ? null
        : {
            edgeName: wordIn(bytes, 8),
            variables: bytes.readUInt32LE(16),
            capacity: bytes.readUInt32LE(20),
            type: bytes.readUInt8(24),
            parent: bytes.readUInt32LE(28),
          };
    if (shape !== null) this.#known[number] = shape;
    return shape;
  }

  /** So many values has an object of it in a place outside of its slot. */
  capacityOf(number: number): number {
    const capacity = this.at(number)?.capacity ?? 0;
    return capacity > mostVariables ? 0 : capacity;
  }

  /** An object of it has its variables in a table by name. */
  isTable(number: number): boolean {
    return this.at(number)?.type === tooComplex;
  }

  /** By index the IDs of the variables. */
  variablesOf(number: number): number[] {
    const names: number[] = [];
    let shape = this.at(number);
    if (shape === null || shape.variables > mostVariables) return [];
    for (let step = 0; shape !== null && step < 2 * mostVariables; step += 1) {
      const before: RubyShape | null = shape.parent === noParent ? null : this.at(shape.parent);
      if (shape.variables === (before?.variables ?? 0) + 1) names[shape.variables - 1] = shape.edgeName;
      shape = before;
    }
    return names;
  }
}
