/** Builds the image of the test server once, freezes a booted one, and keeps both for whoever comes next. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ServerImage, TestServer } from './testServer.ts';

const packages = 'qemu-system-x86 qemu-utils mmdebstrap eatmydata cpio lz4 busybox-static e2fsprogs openssh-client python3'.split(' ');
const needed = ['qemu-system-x86_64', 'qemu-img', 'mmdebstrap', 'lz4', 'cpio', 'mkfs.ext4'];
const script = join(import.meta.dirname, 'image.sh');

/** null: it can be had. Else why not, for a person. */
export function whyNoTestServer(): string | null {
  const missing = needed.filter(
    (program) =>
      spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
        .status !== 0,
  );
  if (missing.length === 0) return process.getuid?.() === 0 ? null : 'the image is built by root only';
  if (process.getuid?.() !== 0) return `${missing.join(', ')} missing: sudo apt-get install ${packages.join(' ')}`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['-q', 'update'], { stdio: ['ignore', 2, 2], env });
  const installed = spawnSync('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...packages], { stdio: ['ignore', 2, 2], env });
  return installed.status === 0 ? null : `${packages.join(', ')} could not be installed`;
}

/** Minutes the first time, nothing after that. What it is made of is in its name: a change builds anew. */
export async function readyImage(say: (text: string) => void): Promise<ServerImage> {
  const made = createHash('sha256').update(readFileSync(script)).update(process.version).digest('hex').slice(0, 16);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stanch', 'server');
  const folder = join(cache, made);
  if (existsSync(join(folder, 'frozen', 'state.lz4'))) return { folder };
  say('building the image of the test server: some minutes, once …');
  mkdirSync(folder, { recursive: true });
  const build = spawn('bash', [script, folder, process.execPath], { stdio: ['ignore', 2, 2] });
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new Error(`the image of the test server could not be built: exit code ${code}`);
  say('booting it once, and freezing it …');
  await freeze({ folder });
  return { folder };
}

async function freeze(image: ServerImage): Promise<void> {
  const server = await TestServer.start(image, true);
  try {
    await server.until('true', 180_000);
    await server.must('systemctl is-system-running --wait || true; swapon --noheadings --show=NAME | grep -q vdb', 240_000);
    // So that a clone does not read them from a cold cache.
    await server.must(
      'node -e 0; curl -s http://127.0.0.1/; mysql -e "select 1"; systemctl list-units >/dev/null; php -v >/dev/null; sync; sleep 2; sync',
      180_000,
    );
    const half = join(image.folder, 'freezing');
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half);
    await server.freezeInto(half);
    renameSync(half, join(image.folder, 'frozen'));
  } finally {
    await server.stop();
  }
}
