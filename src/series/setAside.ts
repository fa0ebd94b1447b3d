import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files set aside are kept for whoever wants to look, but not many. */
const maxKept = 5;
const pattern = /\.corrupt-\d{8}T\d{6}Z(-\d+)?$/;

/** Renames a corrupt file out of the way and returns its new name. */
export function setFileAside(dir: string, name: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const taken = new Set(readdirSync(dir));
  let asideName = `${name}.corrupt-${stamp}`;
  for (let count = 2; taken.has(asideName); count += 1) asideName = `${name}.corrupt-${stamp}-${count}`;
  renameSync(join(dir, name), join(dir, asideName));
  for (const companion of [`${name}-wal`, `${name}-shm`]) rmSync(join(dir, companion), { force: true });
  for (const old of listSetAside(dir).slice(0, -maxKept)) rmSync(join(dir, old), { force: true });
  return asideName;
}

/** Names of the files set aside, oldest first. */
export function listSetAside(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => pattern.test(name))
    .map((name) => ({ name, changedMs: statSync(join(dir, name)).ctimeMs }))
    .sort((a, b) => a.changedMs - b.changedMs)
    .map(({ name }) => name);
}

/** Removes the oldest file set aside; false when there is none. */
export function dropOldestSetAside(dir: string): boolean {
  const [oldest] = listSetAside(dir);
  if (oldest === undefined) return false;
  rmSync(join(dir, oldest), { force: true });
  return true;
}
