import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface VanishingFolder {
  path: string;
  remove(): Promise<void>;
}

/**
 * A temporary folder that does not outlive this process, not even after kill -9: a shell waits on a pipe that the kernel closes
 * when this process is gone, and then removes the folder. It has a session of its own, out of reach of Ctrl-C.
 */
export function createVanishingFolder(prefix: string): VanishingFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const janitor = spawn('/bin/sh', ['-c', 'cat >/dev/null; rm -rf -- "$1"', 'sh', path], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = once(janitor, 'exit');
  return {
    path,
    remove: async () => {
      janitor.stdin.end();
      await gone;
      rmSync(path, { recursive: true, force: true });
    },
  };
}
