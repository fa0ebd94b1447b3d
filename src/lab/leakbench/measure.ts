import { fork } from 'node:child_process';
import { type Glimpse, glimpsesOf } from './glimpse.ts';
import { leaderboard } from './leaderboard.ts';
import { type Outcome, runCase } from './runner.ts';
import { casesOf, type Task } from './tasks.ts';

/** Set in the environment of a child: it takes tasks from its parent instead of being a command. */
export const workerMark = 'STANCH_BENCH_WORKER';
/** A child that says nothing for this long is stuck: no task takes minutes. */
const silenceMs = 10 * 60_000;

/** What is wanted of a task: outcomes of the named detectors, or what the rules say with the truth beside it. */
type Wanted = { detectors: string[] } | 'glimpses';

interface Order {
  index: number;
  task: Task;
  wanted: Wanted;
}

interface Result {
  outcomes: Outcome[];
  glimpses: Glimpse[];
}

interface Delivery extends Result {
  index: number;
}

export interface ShareOptions {
  tasks: Task[];
  /** Child processes; 1 runs everything in this one. */
  jobs: number;
  onProgress?: (done: number, of: number) => void;
}

export interface MeasureOptions extends ShareOptions {
  detectors: string[];
}

/** Runs all tasks; the outcomes come in the order of the tasks, however many processes shared the work. */
export async function measure({ detectors, ...options }: MeasureOptions): Promise<Outcome[]> {
  return (await share(options, { detectors })).flatMap(({ outcomes }) => outcomes);
}

/** Glimpses of all series, in the order of the tasks. */
export async function glimpse(options: ShareOptions): Promise<Glimpse[]> {
  return (await share(options, 'glimpses')).flatMap(({ glimpses }) => glimpses);
}

function perform(task: Task, wanted: Wanted): Result {
  const result: Result = { outcomes: [], glimpses: [] };
  for (const benchCase of casesOf(task)) {
    if (wanted === 'glimpses') {
      result.glimpses.push(...glimpsesOf(benchCase));
      continue;
    }
    const entries = leaderboard.filter(({ name }) => wanted.detectors.includes(name));
    result.outcomes.push(...entries.map((entry) => runCase(benchCase, entry)));
  }
  return result;
}

async function share({ tasks, jobs, onProgress }: ShareOptions, wanted: Wanted): Promise<Result[]> {
  if (jobs <= 1) {
    return tasks.map((task, index) => {
      onProgress?.(index, tasks.length);
      return perform(task, wanted);
    });
  }
  const results: Result[] = [];
  let next = 0;
  let done = 0;
  const take = (): Order | null => {
    const task = tasks[next];
    if (!task) return null;
    next += 1;
    return { index: next - 1, task, wanted };
  };
  const deliver = ({ index, ...result }: Delivery) => {
    results[index] = result;
    done += 1;
    onProgress?.(done, tasks.length);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, () => employ(take, deliver)));
  return results;
}

/** One child process from its first task to its last. */
function employ(take: () => Order | null, deliver: (delivery: Delivery) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1] ?? '', process.argv.slice(2, 4), {
      env: { ...process.env, [workerMark]: '1' },
      serialization: 'advanced',
    });
    const watchdog = setTimeout(() => child.kill('SIGKILL'), silenceMs);
    const giveNext = () => {
      const order = take();
      if (order) child.send(order);
      else child.disconnect();
    };
    child.on('message', (message: Delivery) => {
      watchdog.refresh();
      deliver(message);
      giveNext();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(watchdog);
      if (code === 0) resolve();
      else reject(new Error(`a benchmark process ended with ${signal ?? code}`));
    });
    giveNext();
  });
}

/** The other side: answers each order of the parent until it hangs up. */
export function serveOrders(): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', ({ index, task, wanted }: Order) => {
      process.send?.({ index, ...perform(task, wanted) } satisfies Delivery);
    });
    process.on('disconnect', resolve);
  });
}
