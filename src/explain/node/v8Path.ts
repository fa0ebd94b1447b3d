/** The way from a variable down to objects, in words: `store` › `SessionStore.#byToken` › `a Map`. */
import type { V8Path } from './v8Climb.ts';
import type { V8Layout } from './v8Constants.ts';
import type { V8Maps } from './v8Maps.ts';
import type { V8Names } from './v8Names.ts';

const mostTold = 12;
const localPrefix = 'variable ';

export interface ToldPath {
  /** The nearest that has a name. */
  owner: string | null;
  /** The one that is the holder itself. */
  variable: string | null;
  path: string[];
  /** Constructors of the objects on the way, from the outermost. */
  classes: string[];
}

interface Heap {
  maps: V8Maps;
  names: V8Names;
  layout: V8Layout;
}

export function tellPath({ root, steps }: V8Path, heap: Heap): ToldPath {
  const { maps, names, layout } = heap;
  const path: string[] = root === null ? [] : [root];
  const classes: string[] = [];
  let variable: string | null = null;
  const outwardsIn = [...steps].reverse();
  outwardsIn.forEach(({ holder, offset }, index) => {
    const map = maps.all[holder.kind]?.address ?? 0;
    const type = maps.typeOf(holder.kind);
    if (holder.root !== null) return;
    if (type >= layout.firstContext && type <= layout.lastContext) {
      const local = names.contextVariable(holder.address, offset);
      if (local === null) return;
      path.push(`${localPrefix}${local.name}`);
      if (index === outwardsIn.length - 1) variable = `${localPrefix}${local.name}`;
      return;
    }
    if (type < layout.firstObject) return;
    const name = (names.isFunction(type) ? names.functionName(holder.address) : names.constructorName(map)) ?? 'Object';
    classes.push(name);
    const field = fieldOf(map, offset, outwardsIn[index + 1], heap);
    if (field === null) return;
    if (name === 'Object') path[Math.max(0, path.length - 1)] = `${path.at(-1) ?? 'Object'}.${field}`;
    else path.push(`${name}.${field}`);
  });
  const owner = path.findLast((each) => !each.startsWith(localPrefix)) ?? path.at(-1) ?? null;
  return { owner, variable, path: path.slice(0, mostTold), classes };
}

/** In the object itself, or in an array or table of its own: `inner`. */
function fieldOf(map: number, offset: number, inner: V8Path['steps'][number] | undefined, { maps, names, layout }: Heap): string | null {
  if (offset >= 24) return names.fieldName(map, offset);
  if (offset !== 8 || inner === undefined) return null;
  const type = maps.typeOf(inner.holder.kind);
  if (type === layout.propertyArray) return names.outerFieldName(map, (inner.offset - 16) / 8);
  return type > layout.fixedArray && type < layout.byteArray ? names.keyBefore(inner.holder.address, inner.offset) : null;
}
