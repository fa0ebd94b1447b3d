/** The day in VictoriaMetrics, fed by its import and merged to its smallest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from './exporter.ts';
import { ask, post, untilAnswers } from './loopbackHttp.ts';
import { bytesIn, fed, firstMs, intervalMs, lastMs, medianMs, type Series, type StoreCost, samplesIn, ticks } from './storeDay.ts';

export const victoriaProgram = '/usr/bin/victoria-metrics';

export async function victoriaIn(folder: string, day: readonly Series[]): Promise<StoreCost> {
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`-storageDataPath=${folder}`, `-httpListenAddr=${address}`, '-retentionPeriod=100y', '-search.latencyOffset=0s'];
  const child = spawn(victoriaProgram, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://${address}`;
  try {
    await untilAnswers('VictoriaMetrics', `${url}/health`);
    for (const [index, series] of day.entries()) await post(`${url}/api/v1/import`, importLines(index, series));
    await ask(`${url}/internal/force_flush`);
    await ask(`${url}/internal/force_merge`);
    await ask(`${url}/internal/resetRollupResultCache`);
    const read = (name: string) =>
      medianMs(async (subject) => {
        const match = encodeURIComponent(`{__name__=~"${name}",subject="w-${subject}"}`);
        const answer = await ask(`${url}/api/v1/export?match[]=${match}&start=${firstMs / 1000}&end=${lastMs / 1000}`);
        if (answer.length < ticks) throw new Error(`expected a day of samples of VictoriaMetrics; found ${answer.length} bytes`);
      });
    const [gaugeMs, subjectMs] = [await read('anonBytes'), await read('.+')];
    child.kill('SIGTERM');
    await exited;
    return { bytesPerSample: bytesIn(join(folder, 'data')) / samplesIn(day), gaugeMs, subjectMs };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

function importLines(index: number, series: Series): string {
  const timestamps = Array.from({ length: ticks }, (_, tick) => firstMs + tick * intervalMs);
  const line = (gauge: (typeof fed)[number]) =>
    JSON.stringify({ metric: { __name__: gauge, subject: `w-${index}` }, values: [...series[gauge]], timestamps });
  return `${fed.map(line).join('\n')}\n`;
}
