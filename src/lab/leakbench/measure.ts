import { fork } from 'node:child_process';
import { leaderboard } from './leaderboard.ts';
import { type Outcome, runCase } from './runner.ts';
import { casesOf, type Task } from './tasks.ts';

/** Set in the environment of a child: it takes tasks from its parent instead of being a command. */
export const workerMark = 'STANCH_BENCH_WORKER';
/** A child that says nothing for this long is stuck: no task takes minutes. */
const silenceMs = 10 * 60_000;

interface Order {
  index: number;
  task: Task;
  detectors: string[];
}

interface Delivery {
  index: number;
  outcomes: Outcome[];
}

export interface MeasureOptions {
  tasks: Task[];
  detectors: string[];
  /** Child processes; 1 runs everything in this one. */
  jobs: number;
  onProgress?: (done: number, of: number) => void;
}

function measureTask(task: Task, detectors: readonly string[]): Outcome[] {
  const entries = leaderboard.filter(({ name }) => detectors.includes(name));
  return [...casesOf(task)].flatMap((benchCase) => entries.map((entry) => runCase(benchCase, entry)));
}

/** Runs all tasks; the outcomes come in the order of the tasks, however many processes shared the work. */
export async function measure(options: MeasureOptions): Promise<Outcome[]> {
  const { tasks, detectors, jobs, onProgress } = options;
  if (jobs <= 1) {
    return tasks.flatMap((task, index) => {
      onProgress?.(index, tasks.length);
      return measureTask(task, detectors);
    });
  }
  const results: Outcome[][] = [];
  let next = 0;
  let done = 0;
  const take = (): Order | null => {
    const task = tasks[next];
    if (!task) return null;
    next += 1;
    return { index: next - 1, task, detectors };
  };
  const deliver = ({ index, outcomes }: Delivery) => {
    results[index] = outcomes;
    done += 1;
    onProgress?.(done, tasks.length);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, () => employ(take, deliver)));
  return results.flat();
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
    process.on('message', ({ index, task, detectors }: Order) => {
      process.send?.({ index, outcomes: measureTask(task, detectors) } satisfies Delivery);
    });
    process.on('disconnect', resolve);
  });
}
