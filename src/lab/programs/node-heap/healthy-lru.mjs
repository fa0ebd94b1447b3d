/** A cache with a limit: a map, and a list linked in both directions of what was used when. */
import { serve } from './program.mjs';

class Link {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.before = null;
    this.after = null;
  }
}

class Lru {
  #byKey = new Map();
  #newest = null;
  #oldest = null;

  put(key, value) {
    const link = new Link(key, value);
    this.#byKey.set(key, link);
    link.after = this.#newest;
    if (this.#newest !== null) this.#newest.before = link;
    this.#newest = link;
    this.#oldest ??= link;
    if (this.#byKey.size <= 500) return;
    this.#byKey.delete(this.#oldest.key);
    this.#oldest = this.#oldest.before;
    this.#oldest.after = null;
  }
}

const cache = new Lru();

await serve((id) => cache.put(`/article/${id}`, { html: `<p>${id}</p>` }));
