/**
 * The configuration of systemd's units, from its files: the unit file of the first folder that has it, then the drop-ins by name, of which
 * the one in the first folder counts. An empty value takes back what came before.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { missingFor, readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

/** Most important first. */
export const unitFolders = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const maxFileBytes = 64 * 1024;
const maxEntries = 5000;

export interface UnitConfig {
  /** null: there is no unit file. */
  path: string | null;
  masked: boolean;
  dropIns: string[];
  /** By `Section.Key`; of keys that are lists, all values. */
  values: ReadonlyMap<string, readonly string[]>;
}

/** `root`: where the file system of the server begins. */
export function readUnitConfig(unit: string, root = ''): UnitConfig {
  const path = findUnitFile(unit, root);
  const masked = path !== null && isMasked(`${root}${path}`);
  const dropIns = findDropIns(unit, root);
  const values = new Map<string, string[]>();
  for (const file of [...(path === null || masked ? [] : [path]), ...dropIns]) {
    const text = readText(`${root}${file}`, maxFileBytes);
    if (isValue(text)) for (const entry of parseUnitFile(text)) add(values, entry);
  }
  return { path, masked, dropIns, values };
}

/** The last value, which is the one that counts; null: not set. */
export function unitValue(config: UnitConfig, key: string): string | null {
  return config.values.get(key)?.at(-1) ?? null;
}

interface Entry {
  key: string;
  value: string;
}

/** Pure. Comments and what is no assignment are left out; a backslash at the end goes on in the next line. */
export function parseUnitFile(text: string): Entry[] {
  const entries: Entry[] = [];
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const heading = /^\s*\[([^\]]{1,100})\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    const [, name, value = ''] = /^\s*([A-Za-z]\w{0,99})\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && section !== '') entries.push({ key: `${section}.${name}`, value });
  }
  return entries;
}

function add(values: Map<string, string[]>, { key, value }: Entry): void {
  if (value === '') values.delete(key);
  else values.set(key, [...(values.get(key) ?? []), value]);
}

/** Of `php@8.service` the file is `php@.service`. */
function namesOf(unit: string): string[] {
  const [, template, suffix] = /^([^@]+@).+(\.\w+)$/.exec(unit) ?? [];
  return template === undefined ? [unit] : [unit, `${template}${suffix}`];
}

function findUnitFile(unit: string, root: string): string | null {
  for (const name of namesOf(unit)) {
    for (const folder of unitFolders) if (isThere(`${root}${folder}/${name}`)) return `${folder}/${name}`;
  }
  return null;
}

/** `a-b.service` also takes those of `a-.service.d` and `service.d`. */
function findDropIns(unit: string, root: string): string[] {
  const suffix = unit.slice(unit.lastIndexOf('.') + 1);
  const stem = unit.slice(0, -suffix.length - 1);
  const prefixes = [...stem.matchAll(/-/g)].map(({ index }) => `${stem.slice(0, index + 1)}.${suffix}`).reverse();
  const found = new Map<string, string>();
  for (const name of [...namesOf(unit), ...prefixes, suffix]) {
    for (const folder of unitFolders) {
      for (const file of listFolder(`${root}${folder}/${name}.d`)) {
        if (file.endsWith('.conf') && !found.has(file)) found.set(file, `${folder}/${name}.d/${file}`);
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    missingFor(error);
    return false;
  }
}

function isMasked(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink() && readlinkSync(path) === '/dev/null';
  } catch (error) {
    missingFor(error);
    return false;
  }
}

/** Names in a folder, sorted; none when it is not there or not to be read. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort().slice(0, maxEntries);
  } catch (error) {
    missingFor(error);
    return [];
  }
}

const sizeUnits: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `512M`, `1.5G`, `20%` of RAM → bytes; null: no limit, or not known. */
export function unitBytes(value: string | null, memTotalBytes: number | null): number | null {
  const [, amount, unit = ''] = /^(\d{1,20}(?:\.\d{1,6})?)\s*([KMGT%]?)$/i.exec(value ?? '') ?? [];
  if (amount === undefined) return null;
  if (unit === '%') return memTotalBytes === null ? null : (memTotalBytes * Number(amount)) / 100;
  return Number(amount) * (sizeUnits[unit.toUpperCase()] ?? 1);
}
