/**
 * npm run build:bpf
 * Compiles src/kernel/bpf/tasks.bpf.c into tasks.bpf.o, and writes down in built.json what it was made of. For those who change the C file:
 * everybody else gets the object with the sources. Needs clang, llvm and libbpf-dev.
 *
 * node setup/bpf.mjs [FOLDER]   writes both to this folder instead
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './where.mjs';

const folder = join(root, 'src', 'kernel', 'bpf');
const source = 'tasks.bpf.c';
// The same bytes wherever the checkout is: names of files are taken as they stand here.
const flags = ['-O2', '-g', '-Wall', '-Wextra', '-Werror', '-target', 'bpf', '-mcpu=v2', '-fdebug-compilation-dir=.'];

const object = resolve(process.argv[2] ?? folder, 'tasks.bpf.o');
execFileSync('clang', [...flags, '-c', source, '-o', object], { cwd: folder, stdio: 'inherit' });
execFileSync('llvm-strip', ['--strip-debug', object], { stdio: 'inherit' });
const built = {
  sourceSha256: sha256(join(folder, source)),
  objectSha256: sha256(object),
  compiler: execFileSync('clang', ['--version'], { encoding: 'utf8' }).split('\n', 1)[0],
};
writeFileSync(resolve(process.argv[2] ?? folder, 'built.json'), `${JSON.stringify(built, null, 2)}\n`);

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
