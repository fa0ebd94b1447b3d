/** `stanch install`: has systemd run the daemon from boot on, in a slice of its own that memory cannot be taken from. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { SystemdOverBus } from '../stabilise/systemd/systemd.ts';
import type { CliContext } from './context.ts';

interface Flags {
  dryRun: boolean;
  remove: boolean;
}

const folder = '/etc/systemd/system';

export const installCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: 'Run the daemon from boot on, where it survives what it watches for',
    fullDescription:
      'Writes stanch.service and stanch.slice and starts them. The slice is a top-level one with memory of its own: under system.slice a MemoryMin has no effect. --remove takes both away; history and configuration stay. Needs root and systemd.',
  },
  parameters: {
    flags: {
      dryRun: { kind: 'boolean', default: false, withNegated: false, brief: 'Only print what would be written' },
      remove: { kind: 'boolean', default: false, withNegated: false, brief: 'Stop it, and take both files away' },
    },
  },
  func: install,
});

const slice = `[Unit]
Description=stanch: memory that cannot be taken from it (MemoryMin of a unit counts only up to that of its slice)

[Slice]
MemoryMin=160M
MemorySwapMax=0
CPUWeight=1000
`;

/**
 * Pages of a file count for whoever brought them into memory: of the program, that is whoever installs it, and MemoryMin would keep a sixth of
 * the daemon's code. So they are dropped, as far as nobody runs it, before the daemon brings them in anew.
 */
function service(program: readonly string[]): string {
  return `[Unit]
Description=stanch: finds what leaks memory, and keeps the server up
Documentation=man:stanch(1)
After=network.target

[Service]
ExecStartPre=-/bin/dd ${word(`if=${process.execPath}`)} iflag=nocache count=0 status=none
ExecStart=${program.map(word).join(' ')} run
ExecReload=/bin/kill -HUP $MAINPID
Slice=stanch.slice
Restart=always
RestartSec=5
# A mistake in the configuration does not mend itself.
RestartPreventExitStatus=78
OOMScoreAdjust=-1000
MemoryMin=120M
MemorySwapMax=0
MemoryMax=512M
TasksMax=64
Nice=-5
UMask=0077
StateDirectory=stanch
StateDirectoryMode=0700

[Install]
WantedBy=multi-user.target
`;
}

async function install(this: CliContext, { dryRun, remove }: Flags): Promise<void> {
  const { stdout } = this.process;
  const files = new Map([
    [join(folder, 'stanch.slice'), slice],
    [join(folder, 'stanch.service'), service(launcher())],
  ]);
  if (dryRun) {
    for (const [path, content] of files) stdout.write(`# ${path}\n${content}\n`);
    return;
  }
  requireSystemd();
  const systemd = new SystemdOverBus();
  try {
    if (remove) await takeAway(systemd, [...files.keys()]);
    else await putInPlace(systemd, files);
  } finally {
    systemd.close();
  }
  if (remove) stdout.write('stanch does not run any more. Its history is in /var/lib/stanch.\n');
  else startAndEnd();
}

const started = `stanch runs, and will after a reboot. See: stanch status, or http://127.0.0.1:7420
To let it act in an emergency: [policy] emergency = true in /etc/stanch/stanch.toml
`;

/** In place of this process, which would hold pages of the program until it ends. */
function startAndEnd(): void {
  process.execve?.('/bin/sh', ['sh', '-c', 'systemctl restart stanch.service && printf %s "$1"', 'sh', started], process.env);
}

async function putInPlace(systemd: SystemdOverBus, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of files)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== content) writeFileSync(path, content, { mode: 0o644 });
  await systemd.reload();
  await systemd.enable('stanch.service');
}

async function takeAway(systemd: SystemdOverBus, paths: readonly string[]): Promise<void> {
  if (existsSync(join(folder, 'stanch.service'))) {
    await systemd.stop('stanch.service');
    await systemd.disable('stanch.service');
  }
  for (const path of paths) rmSync(path, { force: true });
  await systemd.reload();
}

/** As one word of a command line of systemd. */
function word(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replace(/[%$]/g, '$&$&');
  return escaped === text && !/\s/.test(text) ? text : `"${escaped}"`;
}

/** bin/stanch of the checkout or package that this program is of. */
function launcher(): string[] {
  const path = resolve(import.meta.dirname, '..', 'bin', 'stanch');
  return existsSync(path) ? [path] : [process.execPath, process.argv[1] ?? ''];
}

function requireSystemd(): void {
  const hasSystemd = existsSync('/run/systemd/system');
  if (hasSystemd && process.geteuid?.() === 0) {
    mkdirSync(folder, { recursive: true });
    return;
  }
  throw new StanchError(hasSystemd ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_SYSTEMD', {
    expected: 'root, on a server with systemd',
    found: hasSystemd ? 'another account' : 'no systemd',
    next: hasSystemd ? 'sudo stanch install' : 'Have whatever starts your services run: stanch run',
  });
}
