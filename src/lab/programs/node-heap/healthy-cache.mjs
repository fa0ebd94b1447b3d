/** A cache of results with a bound, and one with a time to live. */
import { serve } from './program.mjs';

class Result {
  constructor(id) {
    this.id = id;
    this.rows = [id, id, id];
  }
}

const latest = new Map();
const fresh = new Map();

await serve((id) => {
  latest.set(id, new Result(id));
  if (latest.size > 500) latest.delete(latest.keys().next().value);
  fresh.set(`key-${id}`, { result: new Result(id), untilId: id + 300 });
  for (const [key, { untilId }] of fresh) {
    if (untilId > id) break;
    fresh.delete(key);
  }
});
