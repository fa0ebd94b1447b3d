/** Which coroutine a task of asyncio runs, and which waits for a future or a timer: what each leads to, the nearest first. */
import type { PythonObjects } from './pythonObjects.ts';
import type { PythonType, PythonValues } from './pythonValues.ts';

const mostSteps = 6;
const mostObjects = 80;
const waitFor = /^(?:_asyncio\.)?Future$/;
const isTask = /^(?:_asyncio\.)?Task$/;
const isTimer = /^(?:Timer)?Handle$/;
const coroutines = new Set(['coroutine', 'generator', 'async_generator_asend']);
/** Know of all others. */
const notFollowed = /^(?:module|type|code|frame|function|Context|\w*Loop)$/;

/** `Task of fetch_stock()`; null of what is neither, and where no coroutine is found. */
export function taskText(values: PythonValues, objects: PythonObjects, address: number): string | null {
  const type = values.typeOf(address)?.name ?? '';
  const isFuture = waitFor.test(type);
  if (!isFuture && !isTask.test(type) && !isTimer.test(type)) return null;
  const task = nearest(values, objects, address, ({ name }) => isTask.test(name));
  const coroutine = task === null ? null : nearest(values, objects, task, ({ name }) => coroutines.has(name));
  const name = coroutine === null ? null : nameOf(values, objects, coroutine);
  if (name === null) return null;
  return isFuture ? `Future awaited by ${name}()` : `Task of ${name}()`;
}

function nearest(values: PythonValues, objects: PythonObjects, from: number, isWanted: (type: PythonType) => boolean): number | null {
  const seen = new Set([from]);
  let open = [from];
  for (let step = 0; step <= mostSteps && open.length > 0; step += 1) {
    const next: number[] = [];
    for (const object of open) {
      const type = values.typeOf(object);
      if (type === null || notFollowed.test(type.name)) continue;
      if (isWanted(type)) return object;
      for (const child of objects.children(object, type)) {
        if (seen.has(child) || seen.size >= mostObjects) continue;
        seen.add(child);
        next.push(child);
      }
    }
    open = next;
  }
  return null;
}

/** A coroutine has its name and then that with what is around it. */
function nameOf(values: PythonValues, objects: PythonObjects, coroutine: number): string | null {
  const type = values.typeOf(coroutine);
  const names = type === null ? [] : objects.children(coroutine, type).flatMap((child) => values.name(child) ?? []);
  return (names[1] ?? names[0])?.replaceAll('<locals>.', '') ?? null;
}
