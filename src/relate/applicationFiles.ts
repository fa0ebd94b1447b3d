/**
 * When what a process runs was put there: the files that its command line names, scripts that it is known to run besides, and in its folder and
 * theirs what a deployment writes. Only times are read, nothing is opened, and nothing is asked of a server that may be gone.
 */
import { lstatSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { readMountinfo } from '../kernel/mountinfo.ts';
import { parsePidCmdline } from '../kernel/pidCmdline.ts';
import { missingFor, readLink, readText } from '../kernel/read.ts';
import { pathOnThisMachine } from '../kernel/remoteFiles.ts';
import { isValue } from '../model/reading.ts';
import type { Change } from './changes.ts';

const maxArguments = 24;
const maxPath = 512;
/** What git, npm, Composer, Bundler, pip and Maven leave behind at each update; `.` is the folder itself, anew for each release with some. */
const deployed = [
  '.',
  '.git/HEAD',
  '.git/index',
  'package.json',
  'node_modules/.package-lock.json',
  'composer.lock',
  'vendor/composer/installed.json',
  'Gemfile.lock',
  'requirements.txt',
  'pyproject.toml',
];

/** `scripts`: whole paths, by whoever says so. */
export function applicationChanges(root: string, pid: number, scripts: readonly string[]): Change[] {
  const folder = `${root}/proc/${pid}`;
  const line = readText(`${folder}/cmdline`, 16_384);
  const argv = isValue(line) ? parsePidCmdline(Buffer.from(line, 'latin1'), line.length) : [];
  // The first is the program itself, whose file is known better.
  const named = argv.slice(1, maxArguments).filter((arg) => /^[\w./~@+-]+$/.test(arg) && arg.length <= maxPath && arg.includes('.'));
  const cwd = readLink(`${folder}/cwd`);
  const mounts = readMountinfo(`${root}/proc`, pid);
  // Of one in a root of its own in the same mounts, links and mounts are told in different ways.
  if (cwd === null || !isValue(mounts) || readLink(`${folder}/root`) !== '/') return [];
  const of = (path: string, name: string, kind: 'file' | 'folder') => {
    const seen = posix.resolve(cwd, path);
    const [parent, place] = [posix.dirname(seen), seen].map((each) => pathOnThisMachine(each, mounts, `${folder}/root`));
    return parent == null || place == null
      ? []
      : changeOf(`${folder}/root${place}`, `${folder}/root${parent}/${basename(seen)}`, name, kind);
  };
  return [
    ...named.flatMap((arg) => of(arg, basename(arg), 'file')),
    ...deployed.flatMap((name) => of(name, name, name === '.' ? 'folder' : 'file')),
    ...scripts.filter((script) => /^\/[\w./~@+-]+$/.test(script) && script.length <= maxPath).flatMap((script) => ofScript(script, of)),
  ];
}

function ofScript(script: string, of: (path: string, name: string, kind: 'file') => Change[]): Change[] {
  const beside = deployed.filter((name) => name !== '.').map((name) => posix.join(posix.dirname(script), name));
  return [script, ...beside].flatMap((path) => of(path, path, 'file'));
}

/** `seen`: how it is named, which may be a link. */
function changeOf(place: string, seen: string, name: string, kind: 'file' | 'folder'): Change[] {
  try {
    const stat = lstatSync(place);
    if (kind === 'folder') {
      const text = 'the folder it runs in was put there';
      return [{ atMs: stat.birthtimeMs, kind: 'application', name: '', text, source: 'its folder' }];
    }
    if (!stat.isFile()) return [];
    // A link to another release is moved, and what it points to keeps its time.
    const atMs = Math.max(stat.mtimeMs, stat.birthtimeMs, lstatSync(seen).birthtimeMs);
    return [{ atMs, kind: 'application', name: '', text: `${name.startsWith('/') ? '' : 'its '}${name} was written`, source: 'its file' }];
  } catch (error) {
    missingFor(error);
    return [];
  }
}
