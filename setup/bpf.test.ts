/** The BPF object that is checked in was made from the source beside it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = join(import.meta.dirname, '..', 'src', 'kernel', 'bpf');
const built: unknown = JSON.parse(readFileSync(join(folder, 'built.json'), 'utf8'));

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** null: the compiler that made it is here, with all that it needs. */
function whyNotBuilt(): string | null {
  const compiler = spawnSync('clang', ['--version'], { encoding: 'utf8' }).stdout?.split('\n', 1)[0] ?? 'no clang';
  assert.ok(typeof built === 'object' && built !== null && 'compiler' in built);
  if (compiler !== built.compiler) return `it was built by ${String(built.compiler)}; here is ${compiler}`;
  if (spawnSync('llvm-strip', ['--version']).status !== 0) return 'there is no llvm-strip here (apt-get install llvm)';
  return existsSync('/usr/include/bpf/bpf_helpers.h') ? null : 'there is no libbpf here (apt-get install libbpf-dev)';
}

test('source and object are those that were written down when it was built; else: npm run build:bpf', () => {
  assert.deepEqual(built, {
    sourceSha256: sha256(join(folder, 'tasks.bpf.c')),
    objectSha256: sha256(join(folder, 'tasks.bpf.o')),
    compiler: built !== null && typeof built === 'object' && 'compiler' in built ? built.compiler : '',
  });
});

const whyNot = whyNotBuilt();
test('built again, it is the same to the last byte', { skip: whyNot ?? false }, (t) => {
  const again = mkdtempSync(join(tmpdir(), 'stanch-bpf-'));
  t.after(() => rmSync(again, { recursive: true }));
  execFileSync(process.execPath, [join(import.meta.dirname, 'bpf.mjs'), again], { stdio: 'inherit' });
  assert.equal(sha256(join(again, 'tasks.bpf.o')), sha256(join(folder, 'tasks.bpf.o')));
});
