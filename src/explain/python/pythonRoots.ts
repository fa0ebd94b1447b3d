/** From the variables of the program's modules down to the first object of a class: for chains, which are too long to be climbed. */
import type { PythonLook } from './pythonCensus.ts';
import type { PythonPath } from './pythonClimb.ts';
import { moduleDictAt } from './pythonHolders.ts';
import { PythonObjects } from './pythonObjects.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostObjects = 4_000;
const deepest = 5;
const mostVariables = 200;

interface Place {
  address: number;
  path: string[];
  through: string[];
}

/** Null where none is found. */
export function firstHolder(values: PythonValues, look: PythonLook, wanted: PythonType): PythonPath | null {
  const objects = new PythonObjects(values);
  const seen = new Set<number>();
  let open = variables(values, look);
  for (let depth = 0; depth < deepest && open.length > 0; depth += 1) {
    const next: Place[] = [];
    for (const { address, path, through } of open) {
      if (seen.size >= mostObjects || seen.has(address)) continue;
      seen.add(address);
      const type = values.typeOf(address);
      if (type === null || ['module', 'type', 'function', 'code', 'frame'].includes(type.name)) continue;
      if (type === wanted) return { path, through: through.toReversed(), isRooted: true, isCycle: false };
      for (const { name, child } of attributes(values, objects, address, type)) {
        next.push({ address: child, path: name === null ? path : [...path, name], through: [...through, type.name] });
      }
    }
    open = next;
  }
  return null;
}

function variables(values: PythonValues, look: PythonLook): Place[] {
  return look.modules.flatMap((module) => {
    const dict = values.windows.word(module + moduleDictAt);
    const entries = values.entries(dict, mostVariables).map(({ key, value }) => ({ key: values.name(key), value }));
    const of = (wanted: string) => entries.find(({ key }) => key === wanted)?.value ?? 0;
    const [name, file] = [values.name(of('__name__')), values.text(of('__file__'), 500)];
    const isOfProgram = name === '__main__' || (file !== null && !/\/lib\/python3|\/site-packages\/|\/dist-packages\//.test(file));
    if (name === null || !isOfProgram) return [];
    return entries.flatMap(({ key, value }) => (key === null ? [] : [{ address: value, path: [`${name}.${key}`], through: [] }]));
  });
}

/** What an object refers to, with the name of the attribute where it is one. */
function attributes(
  values: PythonValues,
  objects: PythonObjects,
  address: number,
  type: PythonType,
): { name: string | null; child: number }[] {
  const dict = type.isManaged
    ? values.managed(address, type)
    : { values: 0, dict: type.dictAt > 0 ? values.windows.word(address + type.dictAt) : 0 };
  if (dict.dict !== 0) {
    return values.entries(dict.dict, 64).map(({ key, value }) => {
      const name = values.name(key);
      return { name: name === null ? null : `${type.name}.${name}`, child: value };
    });
  }
  const children = objects.children(address, type);
  if (dict.values === 0) return children.map((child) => ({ name: null, child }));
  return children.map((child) => {
    for (let slot = 0; slot < 30; slot += 1) {
      if (values.windows.word(dict.values + slot * 8) !== child) continue;
      const name = values.attribute(type.address, slot);
      return { name: name === null ? null : `${type.name}.${name}`, child };
    }
    return { name: null, child };
  });
}
