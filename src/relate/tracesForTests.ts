/** Recordings of a real server of 720 MiB that a leaking php-fpm took down, sampled every 2 s: as vitals. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Vitals } from '../model/cascade.ts';
import { absent } from '../model/reading.ts';
import { vitalsForTests } from './conditionForTests.ts';

const totalKb = 738_000;
const pageBytes = 4096;

/** Direct reclaim and the network were not recorded. */
export function recordedVitals(name: string, swapTotalKb: number): Vitals[] {
  const text = readFileSync(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)), 'utf8');
  const rows = text.trim().split('\n').slice(1);
  let before: number[] | null = null;
  return rows.map((row) => {
    const now = row.split(',').map(Number);
    const [seconds = 0, availableKb = 0, swapFreeKb = 0, some = 0, full = 0, io = 0, cpu = 0, swapIn = 0, swapOut = 0, kills = 0] = now;
    const passed = before === null ? Number.NaN : seconds - (before[0] ?? 0);
    const rate = (value: number, column: number) => (before === null ? absent : ((value - (before[column] ?? 0)) * pageBytes) / passed);
    const vitals = vitalsForTests({
      timeMs: 1_800_000_000_000 + seconds * 1000,
      memAvailableBytes: availableKb * 1024,
      memAvailableRatio: availableKb / totalKb,
      swapTotalBytes: swapTotalKb * 1024,
      swapFreeRatio: swapTotalKb === 0 ? absent : swapFreeKb / swapTotalKb,
      memorySome: some / 100,
      memoryFull: full / 100,
      ioSome: io / 100,
      cpuSome: cpu / 100,
      swapInBytes: rate(swapIn, 7),
      swapOutBytes: rate(swapOut, 8),
      directReclaims: absent,
      oomKills: before === null ? absent : kills - (before[9] ?? 0),
    });
    before = now;
    return vitals;
  });
}
