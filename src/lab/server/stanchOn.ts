/** stanch of this checkout on a test server. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './image.ts';
import type { VM } from './vm.ts';

/** The program, and its configuration; the daemon runs when it is installed: `stanch install`. */
export async function putStanchOn(vm: VM, configuration = ''): Promise<void> {
  await vm.push([join(checkout, 'bin')], '/opt/stanch');
  const dist = join(checkout, 'dist');
  const program = readdirSync(dist).filter((name) => name.endsWith('.cjs'));
  await vm.push(
    program.map((name) => join(dist, name)),
    '/opt/stanch/dist',
  );
  // Asked from outside, as nothing can be started inside while memory is short.
  // Its budget is meant for a server that is not emulated: 22 times as slow, it would scan ever less often.
  const settings = `interval = "1s"\n[serve]\nlisten = "0.0.0.0:7420"\nallow_plain_remote = true\n[budget]\ncpu = "100%"\n${configuration}`;
  await vm.run('mkdir -p /etc/stanch && printf %s "$1" >/etc/stanch/stanch.toml && stanch config check', { args: [settings] });
}
