/**
 * Configuration of supervisord: an INI file with a section `[program:name]` for each program, and `[include]` with `files` that may hold
 * `*` in their last part. http://supervisord.org/configuration.html
 */
import { posix } from 'node:path';
import { isValue } from '../../model/reading.ts';
import { type FileOfFolder, filesOfFolder, readOrdinaryFile } from './ordinaryFile.ts';

const maxBytes = 1 << 18;
const maxFiles = 128;
const maxPrograms = 1024;

export interface SupervisorConfig {
  /** Name to command, which may hold `%(…)s`. */
  programs: Map<string, string>;
  includes: string[];
}

/** The main file with what it includes; empty where they may not be read. */
export function readSupervisorConfig(path: string): Map<string, string> {
  const main = readOrdinaryFile(path, maxBytes);
  if (!isValue(main)) return new Map();
  const { programs, includes } = parseSupervisorConfig(main.text);
  const files = includes.flatMap((pattern) => filesLike(posix.resolve(posix.dirname(path), pattern)));
  for (const file of files.slice(0, maxFiles)) {
    const included = file.read(maxBytes);
    if (!isValue(included)) continue;
    for (const [name, command] of parseSupervisorConfig(included.text).programs)
      if (programs.size < maxPrograms) programs.set(name, command);
  }
  return programs;
}

export function parseSupervisorConfig(text: string): SupervisorConfig {
  const config: SupervisorConfig = { programs: new Map(), includes: [] };
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[([^\]\n]{1,200})\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w{1,64})\s*[=:]\s*(.*?)(?:\s+;.*)?\s*$/.exec(line.slice(0, 8192)) ?? [];
    if (value === undefined) continue;
    const program = /^program:\s*([\w.-]{1,128})$/.exec(section)?.[1];
    if (program !== undefined && key === 'command' && config.programs.size < maxPrograms) config.programs.set(program, value);
    if (section === 'include' && key === 'files') config.includes.push(...value.split(/\s+/).slice(0, maxFiles));
  }
  return config;
}

function filesLike(pattern: string): FileOfFolder[] {
  const parts = posix.basename(pattern).split('*');
  return filesOfFolder(posix.dirname(pattern)).filter(({ name }) => isLike(name, parts));
}

/** Each part in its order, the first at the start and the last at the end. */
function isLike(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return name === first;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = name.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  const last = rest.at(-1) ?? '';
  return name.length - last.length >= from && name.endsWith(last);
}
