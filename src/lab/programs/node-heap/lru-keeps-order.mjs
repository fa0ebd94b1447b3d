/** A cache with a limit that takes the oldest entry out of its map, but not out of the list of what was used when. */
import { serve } from './program.mjs';

class CacheEntry {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.usedAt = 0;
  }
}

class LruCache {
  #entries = new Map();
  order = [];

  put(key, value) {
    const entry = new CacheEntry(key, value);
    this.#entries.set(key, entry);
    this.order.push(entry);
    if (this.#entries.size > 200) this.#entries.delete(this.#entries.keys().next().value);
  }
}

const cache = new LruCache();

await serve((id) => cache.put(`/article/${id}`, { html: `<p>${id}</p>` }));
