/**
 * Where HotSpot keeps what: the table that it exports for its own serviceability agent, `gHotSpotVMStructs`, read from outside.
 * The same table in every version since 7; https://github.com/openjdk/jdk/blob/master/src/hotspot/share/runtime/vmStructs.cpp
 */
import type { TargetMemory } from '../targetMemory.ts';

const mostEntries = 8_000;
const longestName = 128;

export class VmStructs {
  readonly #memory: TargetMemory;
  /** Offset of a field, or address of a static one. */
  readonly #fields = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  readonly #constants = new Map<string, number>();
  readonly #word = Buffer.alloc(8);
  readonly #name = Buffer.alloc(longestName);

  /** `symbols`: of libjvm, those that begin with gHotSpotVM. */
  constructor(memory: TargetMemory, symbols: ReadonlyMap<string, number>) {
    this.#memory = memory;
    const at = (name: string) => this.word(symbols.get(name) ?? 0);
    const entry = (name: string) => at(`gHotSpotVMStructEntry${name}`);
    const offsets = {
      type: entry('TypeNameOffset'),
      field: entry('FieldNameOffset'),
      isStatic: entry('IsStaticOffset'),
      offset: entry('OffsetOffset'),
      address: entry('AddressOffset'),
    };
    this.#each(at('gHotSpotVMStructs'), entry('ArrayStride'), offsets.type, (record, type) => {
      const isStatic = this.int(record + offsets.isStatic) !== 0;
      const key = `${type}::${this.text(this.word(record + offsets.field))}`;
      this.#fields.set(key, this.word(record + (isStatic ? offsets.address : offsets.offset)));
    });
    const sizeOffset = at('gHotSpotVMTypeEntrySizeOffset');
    this.#each(at('gHotSpotVMTypes'), at('gHotSpotVMTypeEntryArrayStride'), at('gHotSpotVMTypeEntryTypeNameOffset'), (record, type) => {
      this.#sizes.set(type, this.word(record + sizeOffset));
    });
    const constant = (name: string) => at(`gHotSpotVMLongConstantEntry${name}`);
    const valueOffset = constant('ValueOffset');
    this.#each(at('gHotSpotVMLongConstants'), constant('ArrayStride'), constant('NameOffset'), (record, name) => {
      this.#constants.set(name, this.word(record + valueOffset));
    });
  }

  #each(table: number, stride: number, nameOffset: number, visit: (record: number, type: string) => void): void {
    if (!(stride > 0)) return;
    for (let index = 0; index < mostEntries; index += 1) {
      const record = table + index * stride;
      const name = this.word(record + nameOffset);
      if (!(name > 0)) return;
      visit(record, this.text(name));
    }
  }

  /** NaN where this JVM has no such field. */
  field(...names: readonly string[]): number {
    for (const name of names) {
      const found = this.#fields.get(name);
      if (found !== undefined) return found;
    }
    return Number.NaN;
  }

  size(type: string): number {
    return this.#sizes.get(type) ?? Number.NaN;
  }

  /** Of those that are longs; NaN where this JVM has no such constant. */
  constant(name: string): number {
    return this.#constants.get(name) ?? Number.NaN;
  }

  /** NaN where nothing can be read. */
  word(address: number): number {
    if (!(address > 0) || this.#memory.read(address, this.#word) < 8) return Number.NaN;
    return this.#word.readUInt32LE(0) + this.#word.readUInt32LE(4) * 2 ** 32;
  }

  int(address: number): number {
    const low = this.#word.subarray(0, 4);
    return address > 0 && this.#memory.read(address, low) === 4 ? low.readInt32LE(0) : Number.NaN;
  }

  text(address: number): string {
    const got = address > 0 ? this.#memory.read(address, this.#name) : 0;
    const end = this.#name.indexOf(0);
    return this.#name.toString('latin1', 0, end < 0 || end > got ? got : end);
  }
}
