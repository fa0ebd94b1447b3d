/** Shapes of leaks in words that people know, and the usual fix of each. */
import type { GrowingThing, LeakPattern } from './growingThing.ts';

/** What is called so has functions in it, or objects that have them; within a path only what is called so as many are: a class may be one handler. */
const callbacks = /(?:listener|observer|subscriber|subscription|handler|callback|receiver|hook)(?:s?_?(?: \(.*\))?$|s_?[.[])/i;
const callback = /^(?:function|closure|method) |(?:Listener|Observer|Subscriber|Callback)(?: \{.*\})?$/;
const collections: readonly (LeakPattern | null)[] = ['list-only-grows', 'map-without-eviction', 'static-field', null];

/** What they are called, and what holds them, may say more than its shape. */
export function patternOf({ type, pattern, owner }: Pick<GrowingThing, 'type' | 'pattern' | 'owner'>): LeakPattern | null {
  const isCallback = callback.test(type) || callbacks.test(owner ?? '');
  return collections.includes(pattern) && isCallback ? 'listener-never-removed' : pattern;
}

export const leakPatterns: Record<LeakPattern, { name: string; meaning: string; fix: string }> = {
  'map-without-eviction': {
    name: 'map without eviction',
    meaning: 'a map gets an entry for each request and loses none',
    fix: 'Bound it (LRU, time to live), or remove the entry where the request ends.',
  },
  'list-only-grows': {
    name: 'list that only grows',
    meaning: 'a list or array is appended to and never emptied',
    fix: 'Remove what is done with, or keep the latest N.',
  },
  'static-field': {
    name: 'static field',
    meaning: 'a static or global variable keeps what was meant for one request',
    fix: 'Give it an owner that ends with the request.',
  },
  'listener-never-removed': {
    name: 'listener added in each request',
    meaning: 'a callback is registered again and again and never removed',
    fix: 'Register once, or remove the listener when its owner ends.',
  },
  'text-only-grows': {
    name: 'text that only grows',
    meaning: 'a buffer of text is appended to and never flushed',
    fix: 'Flush and empty it at a bound.',
  },
  'cycle-never-collected': {
    name: 'cycle of references',
    meaning: 'objects keep each other alive, and nothing else refers to them',
    fix: 'Make the reference back a weak one (Weak, weak_ptr), or break the cycle at the end.',
  },
  'thread-local': {
    name: 'thread-local',
    meaning: 'threads that live long keep values for themselves',
    fix: 'Remove the value when the work is done, before the thread goes back to its pool.',
  },
  'class-loader': {
    name: 'class loader',
    meaning: 'each reload leaves the classes of the last one behind',
    fix: 'Find what still refers to the old loader: a thread, a driver, a static.',
  },
  'blocked-goroutines': {
    name: 'goroutine that never ends',
    meaning: 'goroutines wait for something that never comes',
    fix: 'Give each a context that ends, and a channel with a reader.',
  },
  'task-never-done': {
    name: 'task that never ends',
    meaning: 'tasks wait for something that never comes, and each keeps what its coroutine uses',
    fix: 'Give what each waits for a limit (asyncio.wait_for, asyncio.timeout), and cancel it where its request ends.',
  },
  'thread-never-ends': {
    name: 'thread that never ends',
    meaning: 'threads wait for something that never comes, and each keeps its stack and what its function uses',
    fix: 'Give what each waits for a limit and a way to end, or let a pool of a few do the work (ThreadPoolExecutor).',
  },
  'promise-never-settled': {
    name: 'promise that is never settled',
    meaning: 'each request waits for a promise that lasts longer than it does, and that promise keeps all that wait for it',
    fix: 'Settle it, or let each request wait for one of its own: Promise.race takes nothing back from the one that does not come.',
  },
  'context-never-cancelled': {
    name: 'context that is never cancelled',
    meaning: 'each request takes a context from one that lasts, which keeps it as its child until it is cancelled',
    fix: 'Call its cancel on every way out: defer cancel() right behind WithCancel, WithTimeout or WithDeadline.',
  },
  'memo-without-limit': {
    name: 'memo without limit',
    meaning: 'results are kept by argument, for every argument there ever was',
    fix: 'Bound the memo, or key it by less.',
  },
  'mutable-default': {
    name: 'default of an argument',
    meaning: 'a list or dict that is the default of an argument is made once and kept with the function',
    fix: 'Make None the default, and the list inside of the function.',
  },
  'closure-held-by-timer': {
    name: 'closure held by a timer',
    meaning: 'each request starts a timer or an interval that keeps what its function uses',
    fix: 'Clear it where the request ends (clearInterval, clearTimeout), or start one for all.',
  },
  'connection-not-closed': {
    name: 'connection not closed',
    meaning: 'they become more as the open sockets of the process do: connections are opened and never closed',
    fix: 'Close it on every way out, errors and timeouts included (finally, with, defer, try-with-resources), or give it back to its pool.',
  },
  'no-pointer-left': {
    name: 'block forgotten without being freed',
    meaning: 'nothing in the process refers to them any more',
    fix: 'Free them on every way out of the function, errors included; a smart pointer or goto-cleanup does.',
  },
};
