/**
 * usage: samplerLoop.ts INTERVAL_MS SCANS
 * The sampler alone, in a process that does nothing else: prints the ms of CPU of a scan, all tiers on average.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Sampler } from '../../sample/sampler.ts';

/** Young processes are looked at more often, and the first scan meets them all. */
const warmUpScans = 60;
const warmUpIntervalMs = 50;

const [intervalMs = 0, scans = 0] = process.argv.slice(2).map(Number);
const sampler = new Sampler();
for (let scan = 0; scan < warmUpScans; scan += 1) {
  sampler.scan(Date.now());
  await wait(warmUpIntervalMs);
}
let processes = 0;
const before = process.cpuUsage();
for (let scan = 0; scan < scans; scan += 1) {
  processes = sampler.scan(Date.now()).processes.length;
  await wait(intervalMs);
}
const { user, system } = process.cpuUsage(before);
sampler.close();
process.stdout.write(`${processes} ${(user + system) / 1000 / scans}\n`);
