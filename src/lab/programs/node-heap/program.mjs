/**
 * What all Node servers of the lab share: requests for ever, each with healthy work beside what the program keeps: a bounded cache that turns over
 * all the time, and rubbish. Says READY when the cache is full and `DONE n` after every hundred requests; ends when stdin does.
 *
 * The argument is the pause after ten requests in milliseconds; 20 unless given.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const mostRequests = 400_000;
const pauseMs = Number(process.argv[2] ?? 20);

class CachedPage {
  constructor(url, body) {
    this.url = url;
    this.body = body;
  }
}

class PageCache {
  constructor() {
    this.pages = new Map();
  }

  put(id) {
    this.pages.set(`/page/${id}`, new CachedPage(`/page/${id}`, 'abcdefgh'.repeat(40) + id));
    if (this.pages.size > 800) this.pages.delete(this.pages.keys().next().value);
  }
}

class Request {
  constructor(id) {
    this.id = id;
    this.headers = { host: `shop-${id}.example.com`, accept: 'text/html' };
    this.parts = Array.from({ length: 30 }, (_, part) => ({ part, of: id }));
  }
}

const cache = new PageCache();

export async function serve(handle) {
  process.stdin.on('end', () => process.exit(0)).resume();
  for (let id = 1; id <= 1_000; id += 1) cache.put(id);
  console.log('READY');
  for (let id = 1; id <= mostRequests; id += 1) {
    const request = new Request(id);
    cache.put(id + 1_000);
    handle(request.id);
    if (id % 100 === 0) console.log(`DONE ${id}`);
    if (id % 10 === 0) await sleep(pauseMs);
  }
}
