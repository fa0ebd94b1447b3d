import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

const compilers: Record<string, [string, ...string[]]> = { '.c': ['cc', '-O1'], '.cpp': ['c++', '-O1'], '.rs': ['rustc', '-O'] };

/**
 * The program compiled from a source in C, C++ or Rust, under a name of its own: a workload is recognised by its executable.
 * `compiler`: another one that takes the same arguments; `flags`: beside the usual ones. Compiled once for each source and name, into `dist/lab-programs/` of the checkout.
 */
export function compileProgram(
  source: string,
  name: string,
  { compiler, flags = [] }: { compiler?: string; flags?: string[] } = {},
): string {
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const folder = join(checkoutRoot(), 'dist', 'lab-programs', digest);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // Renamed when complete: two tests may compile the same program at the same time.
  const unfinished = `${program}.${process.pid}`;
  const [usual, ...usualFlags] = compilers[extname(source)] ?? ['cc'];
  const chosen = compiler ?? usual;
  execFileSync(chosen, [...usualFlags, ...flags, '-o', unfinished, source, ...(chosen === 'cc' ? ['-lm'] : [])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  renameSync(unfinished, program);
  return program;
}

function checkoutRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`expected a package.json above ${import.meta.dirname}; found none`);
    folder = dirname(folder);
  }
  return folder;
}
