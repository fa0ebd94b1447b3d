import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { HeapWindows } from '../heapWindows.ts';
import { ContainerTable } from './containerTable.ts';
import { type MemberSample, sampleMembers } from './growingContainers.ts';
import { ObjectSample } from './objectSample.ts';
import { findTypes, type PythonFinds, type PythonLook, takePythonCensus } from './pythonCensus.ts';
import { pythonGrowth } from './pythonGrowth.ts';
import { pythonLayout, pythonVersions } from './pythonLayout.ts';
import { PythonObjects } from './pythonObjects.ts';
import { type PythonType, PythonValues } from './pythonValues.ts';

const pythonFile = /\/(?:libpython|python)3(?:\.(\d+))?[^/]*$/;
/** A class may have a class of its own, which has one. */
const mostFirstLooks = 4;

export const openPython: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => pythonFile.test(path), 'PyType_Type|PyUnicode_Type');
  const [typeType, unicodeType] = [symbols.get('PyType_Type'), symbols.get('PyUnicode_Type')];
  if (typeType === undefined || unicodeType === undefined) return null;
  const minors = memory
    .regions()
    .map(({ path }) => Number(pythonFile.exec(path)?.[1] ?? /\/python3\.(\d+)\//.exec(path)?.[1] ?? Number.NaN));
  const minor = minors.find((each) => !Number.isNaN(each)) ?? 0;
  const layout = pythonLayout(minor);
  if (layout === null) {
    return { runtime: 'Python', why: `how Python 3.${minor} lays out its objects is not known here: expected ${pythonVersions}` };
  }
  const windows = new HeapWindows(memory);
  // Each object says its class there, and the class of all classes is one of itself.
  if (windows.word(typeType + 8) !== typeType) {
    return {
      runtime: 'Python',
      why: `how this Python 3.${minor} begins its objects is not known here: expected one with the interpreter's lock`,
    };
  }
  const types = new Map<number, PythonType>();
  return new PythonReader(new PythonValues(windows, layout, unicodeType, types), types, typeType);
};

class PythonReader implements HeapReader {
  readonly runtime = 'Python';
  readonly #values: PythonValues;
  readonly #typeType: number;
  /** In the order in which they were found, which stays. */
  readonly #types: Map<number, PythonType>;
  readonly #looks: PythonLook[] = [];
  #finds: PythonFinds = { containers: new ContainerTable(), sample: new ObjectSample() };
  #sample: MemberSample = new Map();

  constructor(values: PythonValues, types: Map<number, PythonType>, typeType: number) {
    this.#values = values;
    this.#types = types;
    this.#typeType = typeType;
  }

  look(): void {
    const [first] = this.#looks;
    if (first === undefined) this.#looks.push(this.#firstLook());
    else {
      const look = this.#census(this.#looks.at(-1));
      this.#learn(look.newTypes);
      this.#looks.push(look);
      if (this.#looks.length === 2) this.#sample = sampleMembers(new PythonObjects(this.#values), this.#finds.containers, first, look);
    }
  }

  /** Types are looked for where most have them; as long as some are found elsewhere, their objects were not seen. */
  #firstLook(): PythonLook {
    for (const [address, type] of findTypes(this.#values.windows, this.#values, this.#typeType)) this.#types.set(address, type);
    for (let time = 1; ; time += 1) {
      this.#finds = { containers: new ContainerTable(), sample: new ObjectSample() };
      const look = this.#census();
      if (!this.#learn(look.newTypes) || time === mostFirstLooks) return look;
    }
  }

  #census(before?: PythonLook): PythonLook {
    return takePythonCensus({ values: this.#values, types: [...this.#types.values()], finds: this.#finds, before: before?.parts ?? [] });
  }

  /** Whether any was new. */
  #learn(addresses: readonly number[]): boolean {
    const known = this.#types.size;
    for (const address of addresses) {
      const type = this.#types.has(address) ? null : this.#values.readType(address);
      if (type !== null) this.#types.set(address, type);
    }
    return this.#types.size > known;
  }

  owns(address: number): boolean {
    return this.#looks.at(-1)?.pages.has(address) === true;
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    return pythonGrowth(this.#values, [...this.#types.values()], {
      looks: [first, second, third],
      finds: this.#finds,
      members: this.#sample,
    });
  }
}
