import type { GrowingThing } from '../growingThing.ts';
import type { HeapReader, OpenHeap } from '../heapReader.ts';
import { HeapWindows } from '../heapWindows.ts';
import { findTypes, type PythonLook, takePythonCensus } from './pythonCensus.ts';
import { pythonGrowth } from './pythonGrowth.ts';
import { type PythonType, PythonValues } from './pythonValues.ts';

const pythonFile = /\/(?:libpython|python)3(?:\.(\d+))?[^/]*$/;
const knownMinors = { from: 8, to: 13 };

export const openPython: OpenHeap = (memory) => {
  const symbols = memory.symbols((path) => pythonFile.test(path), /^(?:PyType_Type|PyUnicode_Type)$/);
  const [typeType, unicodeType] = [symbols.get('PyType_Type'), symbols.get('PyUnicode_Type')];
  if (typeType === undefined || unicodeType === undefined) return null;
  const minors = memory
    .regions()
    .map(({ path }) => Number(pythonFile.exec(path)?.[1] ?? /\/python3\.(\d+)\//.exec(path)?.[1] ?? Number.NaN));
  const minor = minors.find((each) => !Number.isNaN(each)) ?? 0;
  if (minor < knownMinors.from || minor > knownMinors.to)
    return { runtime: 'Python', why: `how Python 3.${minor} lays out its objects is not known here: expected 3.8 to 3.13` };
  return new PythonReader(new PythonValues(new HeapWindows(memory), minor, unicodeType), typeType);
};

class PythonReader implements HeapReader {
  readonly runtime = 'Python';
  readonly #values: PythonValues;
  readonly #typeType: number;
  readonly #types = new Map<number, PythonType>();
  readonly #looks: PythonLook[] = [];

  constructor(values: PythonValues, typeType: number) {
    this.#values = values;
    this.#typeType = typeType;
  }

  look(): void {
    // Types that come later are counted from then on: the order of the known ones stays.
    for (const [address, type] of findTypes(this.#values, this.#typeType)) if (!this.#types.has(address)) this.#types.set(address, type);
    this.#looks.push(takePythonCensus(this.#values, [...this.#types.values()]));
  }

  growing(): GrowingThing[] {
    const [first, second, third] = this.#looks;
    if (first === undefined || second === undefined || third === undefined) return [];
    return pythonGrowth(this.#values, [...this.#types.values()], [first, second, third]);
  }
}
