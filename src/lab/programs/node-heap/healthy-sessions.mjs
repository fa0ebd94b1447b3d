/** Sessions of any length come and go, each with a timer and a buffer, in a map that is as large as there are visitors. */
import { serve } from './program.mjs';

class Visit {
  constructor(id) {
    this.id = id;
    this.seen = Buffer.alloc(600, id % 250);
    this.timer = setTimeout(() => this.seen.fill(0), 3_600_000);
    this.timer.unref();
  }
}

const visits = new Map();
const due = Array.from({ length: 1_000 }, () => []);

await serve((id) => {
  visits.set(id, new Visit(id));
  due[(id + 1 + ((id * 7_919) % 600)) % due.length].push(id);
  for (const ended of due[id % due.length].splice(0)) {
    clearTimeout(visits.get(ended)?.timer);
    visits.delete(ended);
  }
});
