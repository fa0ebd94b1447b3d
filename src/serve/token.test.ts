import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('only the very token is the token', () => {
  const token = 'a'.repeat(43);
  assert.equal(isToken(token, token), true);
  for (const wrong of ['', 'a', `${token}a`, `${token}\0`, token.toUpperCase(), 'a'.repeat(500)])
    assert.equal(isToken(wrong, token), false);
});
