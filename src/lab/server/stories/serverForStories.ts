import type { TestContext } from 'node:test';
import * as v from 'valibot';
import {
  type ActionsDocument,
  actionsSchema,
  evidenceListSchema,
  type KillsDocument,
  killsSchema,
  type StatusDocument,
  seriesSchema,
  statusSchema,
} from '../../../serve/schema.ts';
import { frozenServer } from '../snapshot.ts';
import { putStanchOn } from '../stanchOn.ts';
import { answerOf, until } from '../traffic.ts';
import { VM } from '../vm.ts';

/** Why a story is not told that takes long, or has not yet been seen to come out the same often enough to stop a change by it. */
export const onlyWithAll = process.env.STANCH_LONG_STORIES === '1' ? false : 'not in the short set: npm run test:server -- test --all';

/** A server of the story's own, which ends with it. */
export async function serverFor(t: TestContext, configuration?: string): Promise<VM> {
  const vm = await VM.start(await frozenServer());
  t.after(async () => {
    t.diagnostic(await lastWords(vm));
    await vm.stop();
  });
  await putStanchOn(vm, configuration);
  return vm;
}

/** A machine that is busy enough lets the whole server stand still for a while. */
const answerMs = 300_000;

/** What is there to see at the end, however the story came out: the log of the daemon, and where the memory is. */
async function lastWords(vm: VM): Promise<string> {
  const script =
    'journalctl -u stanch -o short-monotonic --no-pager -n 60; head -n 20 /proc/meminfo; cat /proc/pressure/memory; ps -eo cputimes,rss,majflt,comm --sort=-cputimes | head -n 8; grep -E "^(anon|file|file_mapped|pgmajfault|workingset_refault_file) " /sys/fs/cgroup/stanch.slice/memory.stat';
  return vm.exec(script, { timeoutMs: 60_000 }).then(
    ({ stdout, stderr }) => `${stdout}${stderr}`,
    (error: unknown) => `it says nothing any more: ${error instanceof Error ? error.message : error}`,
  );
}

/** The daemon runs as a service, and answers. On a busy machine systemd may need longer than stanch waits for it: then it is tried again. */
export async function installed(vm: VM): Promise<Daemon> {
  await until(
    () => vm.exec('stanch install'),
    ({ code }) => code === 0,
  );
  const daemon = new Daemon(vm);
  await until(
    () => daemon.status().catch(() => null),
    (status) => status !== null,
  );
  return daemon;
}

/** What the daemon answers, asked from outside: inside, whatever is started for that waits for memory as everything else does. */
export class Daemon {
  readonly #vm: VM;
  #token = '';

  constructor(vm: VM) {
    this.#vm = vm;
  }

  status(): Promise<StatusDocument> {
    return this.#get('status', statusSchema);
  }

  /** Oldest first. */
  async actions(): Promise<ActionsDocument['actions']> {
    return (await this.#get('actions', actionsSchema)).actions.reverse();
  }

  /** Latest first. */
  async kills(): Promise<KillsDocument['kills']> {
    return (await this.#get('kills', killsSchema)).kills;
  }

  /** What was found out where in the application it leaks, latest first. */
  async answers(): Promise<string[]> {
    return (await this.#get('evidence', evidenceListSchema)).evidence.map(({ answer }) => answer);
  }

  /** When the host was looked at, as it is in the store. */
  async looksBetween(fromMs: number, toMs: number): Promise<number[]> {
    const query = `resource=headroom&points=2000&from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
    return (await this.#get(`subjects/host/series?${query}`, seriesSchema)).timeMs;
  }

  async #get<T extends v.GenericSchema>(what: string, schema: T): Promise<v.InferOutput<T>> {
    if (this.#token === '') this.#token = (await this.#vm.pull('/var/lib/stanch/token')).trim();
    const headers = { authorization: `Bearer ${this.#token}` };
    return v.parse(schema, JSON.parse(await answerOf(this.#vm.ports.api, `/api/v1/${what}`, { headers, timeoutMs: answerMs })));
  }
}

/** Together they take 880 MiB of a server that has 720, and go through all of it again and again. More than one keeps the CPUs busy as well. */
export const memoryStorm = (processes: number) => `exec stress-ng --vm ${processes} --vm-bytes 880M --vm-keep --vm-method write64`;

/** A command of the shell, in a unit of its own, which is ended as a whole. */
export async function beginTrouble(vm: VM, command: string): Promise<void> {
  await vm.run('systemd-run -q --unit=trouble --collect -- sh -c "$1"', { args: [command] });
}

export async function endTrouble(vm: VM): Promise<void> {
  await vm.exec('systemctl kill -s KILL trouble; systemctl stop trouble');
}

/** The process of the database, and how often systemd has started it anew. */
export function databaseOf(vm: VM): Promise<string> {
  return vm.run('systemctl show mariadb -p MainPID -p NRestarts');
}

/** Processes that the kernel has ended for want of memory. */
export async function killsOf(vm: VM): Promise<number> {
  return Number((await vm.run("awk '/^oom_kill / { print $2 }' /proc/vmstat")).trim());
}

/** What is on the disk of systemd's configuration, and what is in force of a unit. */
export async function unitState(vm: VM, unit: string): Promise<string> {
  return vm.run(
    `find /etc/systemd /run/systemd/system -path '*/stanch.s*' -prune -o -printf '%y %m %u %p\n' | sort
    find /etc/systemd -type f ! -name 'stanch.s*' -exec sha256sum {} + | sort -k2
    systemctl show "$1" -p MemoryHigh,MemoryMax,OOMScoreAdjust,DropInPaths
    for name in high max; do cat "/sys/fs/cgroup/system.slice/$1/memory.$name"; done`,
    { args: [unit] },
  );
}

/** Actions as the journal has them. */
export async function actionsOf(vm: VM): Promise<ActionSeen[]> {
  return v.parse(actionsSeen, JSON.parse(await vm.run('stanch actions --json'))).actions;
}

const actionsSeen = v.object({
  actions: v.array(
    v.object({
      by: v.string(),
      state: v.string(),
      error: v.nullable(v.string()),
      plan: v.object({ kind: v.string(), subjectName: v.string() }),
      proof: v.nullable(v.object({ helped: v.boolean(), sentence: v.string() })),
    }),
  ),
});
type ActionSeen = v.InferOutput<typeof actionsSeen>['actions'][number];
