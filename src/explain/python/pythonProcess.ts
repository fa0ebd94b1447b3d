import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { HeapWindows } from '../heapWindows.ts';
import { type MemberSample, sampleMembers } from './growingContainers.ts';
import { findTypes, type PythonLook, takePythonCensus } from './pythonCensus.ts';
import { pythonGrowth } from './pythonGrowth.ts';
import { pythonLayout, pythonVersions } from './pythonLayout.ts';
import { PythonObjects } from './pythonObjects.ts';
import { type PythonType, PythonValues } from './pythonValues.ts';

const pythonFile = /\/(?:libpython|python)3(?:\.(\d+))?[^/]*$/;

export const openPython: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => pythonFile.test(path), /^(?:PyType_Type|PyUnicode_Type)$/);
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
  const types = new Map<number, PythonType>();
  return new PythonReader(new PythonValues(new HeapWindows(memory), layout, unicodeType, types), types, typeType);
};

class PythonReader implements HeapReader {
  readonly runtime = 'Python';
  readonly #values: PythonValues;
  readonly #typeType: number;
  /** In the order in which they were found, which stays. */
  readonly #types: Map<number, PythonType>;
  readonly #looks: PythonLook[] = [];
  #sample: MemberSample = new Map();

  constructor(values: PythonValues, types: Map<number, PythonType>, typeType: number) {
    this.#values = values;
    this.#types = types;
    this.#typeType = typeType;
  }

  look(): void {
    const before = this.#looks.at(-1);
    if (before === undefined) {
      for (const [address, type] of findTypes(this.#values.windows, this.#values, this.#typeType)) this.#types.set(address, type);
    }
    const look = takePythonCensus(this.#values, [...this.#types.values()]);
    for (const address of look.newTypes) {
      const type = this.#types.has(address) ? null : this.#values.readType(address);
      if (type !== null) this.#types.set(address, type);
    }
    this.#looks.push(look);
    if (before === undefined) return;
    before.containers.forgetTables();
    if (this.#looks.length === 2) this.#sample = sampleMembers(new PythonObjects(this.#values), before.containers, look.containers);
  }

  owns(address: number): boolean {
    return this.#looks.at(-1)?.pages.has(address) === true;
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    return pythonGrowth(this.#values, [...this.#types.values()], [first, second, third], this.#sample);
  }
}
