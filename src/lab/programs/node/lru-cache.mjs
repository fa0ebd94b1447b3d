/** Healthy: a cache that fills and then drops what was not used for longest. */
import { drop, runProgram, take } from './program.mjs';

const cache = new Map();

runProgram(({ size, random }) => {
  let cachedBytes = 0;
  let nextKey = 0;
  return (bytes) => {
    touch(Math.floor(random() * nextKey));
    cache.set(nextKey, take(bytes));
    nextKey += 1;
    cachedBytes += bytes;
    for (const [key, value] of cache) {
      if (cachedBytes <= size) break;
      cache.delete(key);
      cachedBytes -= value.length;
      drop(value);
    }
  };
});

/** Moves an entry to the young end, as a look-up does. */
function touch(key) {
  const value = cache.get(key);
  if (value === undefined) return;
  cache.delete(key);
  cache.set(key, value);
}
