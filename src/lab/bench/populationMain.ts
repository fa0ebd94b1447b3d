/**
 * usage: populationMain.ts COUNT RUNS MINUTES HOLDERS, as the leader of a process group
 * Starts so many processes, measures, prints the outcome in JSON. When its stdin ends before, whoever started it is gone:
 * then the whole group ends, and nothing is left in the folder for temporary files.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFarm } from './farm.ts';
import { measurePopulation } from './populationCost.ts';

const [count = 0, runs = 1, minutes = 1, holders = 0] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'stanch-bench-'));
// For everything that is started from here.
process.env.TMPDIR = folder;
process.stdin.on('end', () => {
  removeFolder();
  process.kill(0, 'SIGKILL');
  // The first process of a PID namespace survives that, and takes the others with it.
  process.exit(1);
});
process.stdin.resume();
const farm = await startFarm(count);
try {
  const cost = await measurePopulation({ runs, minutes, withHolders: holders > 0 });
  process.stdout.write(JSON.stringify(cost));
} finally {
  await farm.stop();
  removeFolder();
  process.stdin.destroy();
}

function removeFolder(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
