/** What is checked about the sources as a whole: form, faults, types, dead code. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

async function passes(tool: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'node_modules', '.bin', tool), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, complaints, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 0, `${tool} ${args.join(' ')}\n${output}${complaints}`);
}

test('linter and formatter have nothing to say', () => passes('biome', 'check', '--max-diagnostics=50', '--error-on-warnings', '.'));
test('the types of the program hold', () => passes('tsc', '-p', 'tsconfig.json'));
test('the types of the page hold', () => passes('tsc', '-p', 'src/web/tsconfig.json'));
test('there is no dead code and no dependency without use', () => passes('knip', '--no-progress'));

test('the page takes types from the API schema, and no code', () => {
  const files = readdirSync(join(root, 'src', 'web'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  // The daemon's stand-in for tests is no part of the page.
  const page = files.filter((name) => !/fakeDaemon|\.test\./.test(name));
  const imports = page.flatMap((name) => {
    const source = readFileSync(join(root, 'src', 'web', name), 'utf8');
    return [...source.matchAll(/^(?:import|export)\b[^;]*?from '[^']*serve\/schema\.ts';/gm)].map(([statement]) => statement);
  });
  assert.ok(imports.length > 0, 'the page is typed by the schema of the API');
  for (const statement of imports) assert.match(statement, /^(?:import|export) type /);
});
