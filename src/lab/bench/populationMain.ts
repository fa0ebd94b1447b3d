/**
 * usage: populationMain.ts COUNT RUNS MINUTES HOLDERS
 * Starts so many processes, measures, prints the outcome in JSON. All ends with its stdin, whatever became of whoever started it.
 */
import { startFarm } from './farm.ts';
import { measurePopulation } from './populationCost.ts';

const [count = 0, runs = 1, minutes = 1, holders = 0] = process.argv.slice(2).map(Number);
const farm = await startFarm(count);
process.stdin.on('end', () => void farm.stop().then(() => process.exit(1)));
process.stdin.resume();
try {
  const cost = await measurePopulation({ runs, minutes, withHolders: holders > 0 });
  process.stdout.write(JSON.stringify(cost));
} finally {
  await farm.stop();
  process.stdin.destroy();
}
