import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isToken, loadOrCreateToken, readToken, tokenPath } from './token.ts';

function folder(t: { after(fn: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'stanch-token-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('is made once, for its owner alone, and stays the same', (t) => {
  const dir = folder(t);
  const token = loadOrCreateToken(dir);
  assert.match(token, /^[\w-]{43}$/);
  assert.equal(statSync(tokenPath(dir)).mode & 0o777, 0o600);
  chmodSync(tokenPath(dir), 0o644);
  assert.equal(loadOrCreateToken(dir), token);
  assert.equal(statSync(tokenPath(dir)).mode & 0o777, 0o600);
  assert.equal(readToken(tokenPath(dir)), token);
});

test('a link in its place is not followed, and a file that holds none is not overwritten', (t) => {
  const dir = folder(t);
  const target = join(dir, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, tokenPath(dir));
  assert.throws(() => loadOrCreateToken(dir), { code: 'STANCH_E_DATA_DIR' });
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  rmSync(tokenPath(dir));
  writeFileSync(tokenPath(dir), 'not a token');
  assert.throws(() => loadOrCreateToken(dir), { code: 'STANCH_E_DATA_DIR' });
  assert.equal(readFileSync(tokenPath(dir), 'utf8'), 'not a token');
});

test('a full disk costs no start, and leaves no empty token behind', (t) => {
  const dir = folder(t);
  if (process.getuid?.() !== 0) return t.skip('mounting a small file system takes root');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { timeout: 30_000 });
  if (mounted.status !== 0) return t.skip('mounting a small file system is not permitted here');
  try {
    const kept = loadOrCreateToken(dir);
    const ballast = join(dir, 'ballast');
    const { bavail, bsize } = statfsSync(dir);
    writeFileSync(ballast, new Uint8Array(bavail * bsize));
    assert.equal(loadOrCreateToken(dir), kept);
    rmSync(tokenPath(dir));
    const { bavail: left } = statfsSync(dir);
    appendFileSync(ballast, new Uint8Array(left * bsize));
    assert.match(loadOrCreateToken(dir), /^[\w-]{43}$/);
    assert.deepEqual(readdirSync(dir), ['ballast']);
    rmSync(ballast);
    assert.equal(loadOrCreateToken(dir), readToken(tokenPath(dir)));
  } finally {
    spawnSync('umount', ['-l', dir], { timeout: 30_000 });
  }
});

test('only the very token is the token', () => {
  const token = 'a'.repeat(43);
  assert.equal(isToken(token, token), true);
  for (const wrong of ['', 'a', `${token}a`, `${token}\0`, token.toUpperCase(), 'a'.repeat(500)])
    assert.equal(isToken(wrong, token), false);
});
