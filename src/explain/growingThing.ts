/** Shapes of leaks that people know, each with a usual fix. */
export type LeakPattern =
  | 'map-without-eviction'
  | 'list-only-grows'
  | 'static-field'
  | 'listener-never-removed'
  | 'text-only-grows'
  | 'cycle-never-collected'
  | 'thread-local'
  | 'class-loader'
  | 'blocked-goroutines'
  | 'task-never-done'
  | 'thread-never-ends'
  | 'promise-never-settled'
  | 'context-never-cancelled'
  | 'memo-without-limit'
  | 'mutable-default'
  | 'closure-held-by-timer'
  | 'connection-not-closed'
  | 'no-pointer-left';

/** One answer to what grows in a heap, the same for every runtime. */
export interface GrowingThing {
  /** As the language calls it: a class, a shape, a site of allocation. */
  type: string;
  /** Where in the source, when that is known. */
  place: string | null;
  /** At the three looks. */
  counts: [number, number, number];
  /** It is a line that allocates: counted are bytes that are still there, and the path is who called it. */
  isAllocation?: boolean;
  /** It is a single block that becomes larger: counted are its bytes. */
  isOneBlock?: boolean;
  /** In the slower of the two intervals, with what these hold and nothing else does. */
  growthBytes: number;
  /** Part of the newly come that stayed; null when not known. */
  survival: number | null;
  /** The nearest thing with a name that holds them; null when none was found. */
  owner: string | null;
  /** From a variable down to them, as far as it has names. */
  path: string[];
  pattern: LeakPattern | null;
  /** Texts that many of them hold, as they are: masked before anybody sees them, unless the owner asks. */
  contents?: string[];
  /** Of blocks of malloc: their sizes, as they are told apart. */
  blockSizes?: number[];
}
