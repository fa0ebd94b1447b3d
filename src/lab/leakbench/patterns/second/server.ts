import type { Rng } from '../../rng.ts';
import { createEventQueue } from './eventQueue.ts';
import type { Heap } from './heap.ts';

/** What a request does with memory. Shares are probabilities for each request; sizes are means in bytes. */
export interface ServerOptions {
  heap: Heap;
  /** Requests an hour at `hour`; at most `peakPerHour`. */
  arrivals: (hour: number) => number;
  peakPerHour: number;
  objectBytes: number;
  /** Requests that open a session, and how long a session lives (exponential, hours). */
  session?: { share: number; hours: number };
  /** Answers are kept for popular keys: Zipf-like over `keys` with exponent `skew`; the oldest go beyond `capacity`. */
  cache?: { keys: number; skew: number; capacity: number };
  /** Requests whose object is never given back, from `leakFromH` on. */
  leakShare?: number;
  leakFromH?: number;
  /** Seconds that a connection stays open after its request; some are never closed. */
  connection?: { seconds: number; lostShare: number };
}

export interface Server {
  advance(hour: number): void;
  /** Requests and collector work since the last call, as CPU time in arbitrary units. */
  takeWork(): number;
  connections(): number;
  /** Requests served so far. */
  served(): number;
}

/** A server fed by chance: each request allocates, and what it allocated lives as long as its fate says. */
export function createServer(rng: Rng, options: ServerOptions): Server {
  const { heap } = options;
  const queue = createEventQueue();
  const cached = new Map<number, () => void>();
  let open = 0;
  let served = 0;
  let work = 0;
  let nextH = rng.exponential(1 / options.peakPerHour);

  function serve(hour: number): void {
    served += 1;
    work += 1;
    const giveBack = heap.allocate(rng.logNormal(options.objectBytes, 0.9));
    connect(hour);
    const leaks = hour >= (options.leakFromH ?? 0) && rng.chance(options.leakShare ?? 0);
    if (leaks) return;
    if (options.session && rng.chance(options.session.share)) {
      queue.at(hour + rng.exponential(options.session.hours), giveBack);
      return;
    }
    if (options.cache) keep(options.cache, giveBack);
    else queue.at(hour + rng.exponential(1 / 1200), giveBack);
  }

  function connect(hour: number): void {
    if (!options.connection) return;
    open += 1;
    if (rng.chance(options.connection.lostShare)) return;
    queue.at(hour + rng.exponential(options.connection.seconds / 3600), () => {
      open -= 1;
    });
  }

  function keep({ keys, skew, capacity }: NonNullable<ServerOptions['cache']>, giveBack: () => void): void {
    // A continuous stand-in for Zipf: rank as a power of a uniform number.
    const key = Math.floor(keys ** (rng.unit() ** (1 / skew)));
    const former = cached.get(key);
    if (former) {
      // The answer is known: the new object was for this request only, and the key becomes the youngest.
      giveBack();
      cached.delete(key);
      cached.set(key, former);
      return;
    }
    cached.set(key, giveBack);
    if (cached.size <= capacity) return;
    const [oldest] = cached;
    if (!oldest) return;
    cached.delete(oldest[0]);
    oldest[1]();
  }

  return {
    advance(hour) {
      // Thinning: candidates arrive at the peak rate, and are kept in proportion to the rate of the moment.
      while (nextH <= hour) {
        queue.advance(nextH);
        if (rng.unit() * options.peakPerHour < options.arrivals(nextH)) serve(nextH);
        nextH += rng.exponential(1 / options.peakPerHour);
      }
      queue.advance(hour);
    },
    takeWork() {
      const done = work + heap.takeWork() / (50 * options.objectBytes);
      work = 0;
      return done;
    },
    connections: () => open,
    served: () => served,
  };
}
