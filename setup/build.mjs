import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runChild } from './runChild.mjs';
import { bundledNode, dist, root } from './where.mjs';

const stampFile = join(dist, '.build-stamp');
/** Built here first, then moved: a daemon that runs from dist never sees half a build. */
const next = join(dist, '.next');
/** What a build leaves in dist beside the parts of the program: its entry, the page, the programs that the demo starts, the BPF program for the kernel, and the man pages. */
const products = ['stanch.cjs', 'web', 'programs', 'bpf', 'man'];

/** Program and page bundled into dist/ from these very sources. */
export function build({ force }) {
  return { isDone: () => !force && isBuilt(), run: runBuild };
}

function isBuilt() {
  return products.every((name) => existsSync(join(dist, name))) && readStamp() === sourcesHash();
}

async function runBuild() {
  const stamp = sourcesHash();
  process.stderr.write('stanch: building …\n');
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  await vite('setup/program.vite.config.ts', next);
  await vite('src/web/vite.config.ts', join(next, 'web'));
  cpSync(join(root, 'src', 'lab', 'programs'), join(next, 'programs'), { recursive: true });
  mkdirSync(join(next, 'bpf'));
  cpSync(join(root, 'src', 'kernel', 'bpf', 'tasks.bpf.o'), join(next, 'bpf', 'tasks.bpf.o'));
  await runChild('writing the man pages', bundledNode, [join(next, 'stanch.cjs'), 'manual', join(next, 'man')]);
  rmSync(stampFile, { force: true });
  const parts = readdirSync(next).filter(isPart);
  for (const name of [...parts, ...products]) replace(join(next, name), join(dist, name));
  for (const name of readdirSync(dist)) if (isPart(name) && !parts.includes(name)) rmSync(join(dist, name));
  rmSync(next, { recursive: true });
  writeFileSync(stampFile, stamp);
}

/** Of the program: what its entry loads for the command that was named. */
function isPart(name) {
  return /^stanch-.*\.cjs$/.test(name);
}

function vite(config, outDir) {
  const cli = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  return runChild('building', bundledNode, [cli, 'build', '-c', join(root, config), '--outDir', outDir, '--logLevel', 'warn']);
}

function replace(from, to) {
  const old = `${from}.old`;
  if (existsSync(to)) renameSync(to, old);
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}

/** By content, not by time: a checkout of another branch changes times without order. */
function sourcesHash() {
  const hash = createHash('sha256');
  for (const file of sources())
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return `${hash.digest('hex')}\n`;
}

function sources() {
  const inFolders = ['src', 'setup'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.test.') && !entry.parentPath.includes('/fixtures'))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...inFolders, join(root, 'package.json'), join(root, 'package-lock.json')].sort();
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : null;
}
