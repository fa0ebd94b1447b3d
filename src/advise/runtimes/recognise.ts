/** Which runtime a process is, from its executable, its libraries and its arguments. Pure. */
import type { RuntimeName } from '../../model/advice.ts';

export interface ProcessTraits {
  /** The text of /proc/[pid]/exe, or null. */
  exe: string | null;
  comm: string;
  argv: readonly string[];
  /** Files in /proc/[pid]/maps. */
  mappedFiles: readonly string[];
  /** The executable was built by Go; null: not looked at. */
  hasGoBuildId: boolean | null;
}

const byProgram: readonly [RuntimeName, RegExp][] = [
  ['node', /^(?:node|nodejs|bun|deno)(?:-?\d[\d.]*)?$/],
  ['jvm', /^java$/],
  ['php', /^(?:php|php-fpm|php-cgi|lsphp)[\d.-]*(?:fpm)?$/],
  ['python', /^(?:python|pypy)[\d.]*$/],
];
const byLibrary: readonly [RuntimeName, RegExp][] = [
  ['jvm', /\/libjvm\.so$/],
  ['node', /\/libnode\.so/],
  ['php', /\/libphp\d?(?:\.\d)?\.so/],
  ['python', /\/libpython[\d.]+m?\.so/],
];

export function recogniseRuntime({ exe, comm, argv, mappedFiles, hasGoBuildId }: ProcessTraits): RuntimeName {
  const program = baseName((exe ?? argv[0] ?? comm).replace(/ \(deleted\)$/, ''));
  const named = byProgram.find(([, pattern]) => pattern.test(program))?.[0];
  if (named !== undefined) return named;
  const linked = byLibrary.find(([, pattern]) => mappedFiles.some((file) => pattern.test(file)))?.[0];
  if (linked !== undefined) return linked;
  return hasGoBuildId === true ? 'go' : 'native';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
