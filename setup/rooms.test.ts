/** The dependency rule between the rooms, as biome.json has it, refuses what it should and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const rooms = ['model', 'kernel', 'sample', 'series', 'detect', 'relate', 'explain', 'stabilise', 'advise', 'tell', 'serve', 'lab', 'cli'];

/** Files of the given names and imports, linted as if they were stanch: which of them were refused. */
function refused(files: Record<string, string>): Set<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-rooms-'));
  try {
    copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'));
    for (const [name, statement] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), `${statement}\n`);
    }
    const args = ['lint', '--vcs-enabled=false', '--only=style/noRestrictedImports', '--reporter=github', '--max-diagnostics=none'];
    const biome = spawnSync(process.execPath, [join(root, 'node_modules', '.bin', 'biome'), ...args], { cwd: folder, encoding: 'utf8' });
    const found = [...biome.stdout.matchAll(/noRestrictedImports,file=([^,]*),/g)].map(([, file = '']) => file);
    return new Set(Object.keys(files).filter((name) => found.some((file) => file.endsWith(`/${name}`))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a room imports from the rooms left of it, and from no other', () => {
  const files: Record<string, string> = {};
  const forbidden = new Set<string>();
  for (const [place, room] of rooms.entries()) {
    for (const [otherPlace, other] of [...rooms, 'web'].entries()) {
      if (room === other) continue;
      const name = `src/${room}/deep/from-${other}.ts`;
      files[name] = `export { a } from '../../${other}/some/file.ts';`;
      if (otherPlace > place) forbidden.add(name);
    }
  }
  assert.deepEqual(refused(files), forbidden);
});

test('the composition root is imported by cli alone, and imports neither cli nor web', () => {
  const files = {
    ...Object.fromEntries(rooms.map((room) => [`src/${room}/root.ts`, "import { a } from '../daemon.ts';\nexport const b = a;"])),
    'src/web/root.ts': "import { a } from '../daemon.ts';\nexport const b = a;",
    'src/daemon.ts': "export { a } from './cli/run.ts';",
    'src/other.ts': "export { a } from './web/main.tsx';",
    'src/fine.ts': "export { a } from './serve/server.ts';",
  };
  const allowed = ['src/cli/root.ts', 'src/fine.ts'];
  assert.deepEqual(refused(files), new Set(Object.keys(files).filter((name) => !allowed.includes(name))));
});

test('every way to import is seen: for types only, and when needed', () => {
  const files = {
    'src/model/a.ts': "import type { A } from '../kernel/read.ts';\nexport type B = A;",
    'src/model/b.ts': "export const load = () => import('../kernel/read.ts');",
    'src/model/c.ts': "export { a } from './here.ts';",
  };
  assert.deepEqual(refused(files), new Set(['src/model/a.ts', 'src/model/b.ts']));
});

test('the page imports the schema of the API, the order of lists and the units, and nothing else of the server; tests import what they like', () => {
  const files = {
    'src/web/view/a.ts': "import type { A } from '../../serve/schema.ts';\nexport type B = A;",
    'src/web/view/e.ts': "export { listPage } from '../../serve/subjectList.ts';",
    'src/web/view/b.ts': "export { a } from '../../serve/server.ts';",
    'src/web/c.ts': "export { a } from '../model/verdict.ts';",
    'src/web/f.ts': "export { formatBytes } from '../model/units.ts';",
    'src/web/d.ts': "export { a } from './view/a.ts';",
    'src/kernel/e.test.ts': "export { a } from '../lab/programs.ts';",
  };
  assert.deepEqual(refused(files), new Set(['src/web/view/b.ts', 'src/web/c.ts']));
});
