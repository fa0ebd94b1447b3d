import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { type StatusDocument, statusSchema } from '../../../serve/schema.ts';
import { frozenServer } from '../snapshot.ts';
import { putStanchOn } from '../stanchOn.ts';
import { VM } from '../vm.ts';

/** Why a story is not told that takes long, or has not yet been seen to come out the same often enough to stop a change by it. */
export const onlyWithAll = process.env.STANCH_LONG_STORIES === '1' ? false : 'not in the short set: npm run test:server -- test --all';

/** A server of the story's own, which ends with it. */
export async function serverFor(t: TestContext, configuration?: string): Promise<VM> {
  const vm = await VM.start(await frozenServer());
  t.after(() => vm.stop());
  await putStanchOn(vm, configuration);
  return vm;
}

/** What the daemon answers, which `stanch install` has started. */
export async function statusOf(vm: VM): Promise<StatusDocument> {
  return v.parse(statusSchema, JSON.parse(await vm.run('stanch status --json')));
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
