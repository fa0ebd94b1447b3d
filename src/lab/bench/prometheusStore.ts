/** The day in Prometheus: blocks of its own, written by promtool, served by the server. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './exporter.ts';
import { ask, untilAnswers } from './loopbackHttp.ts';
import { bytesIn, fed, firstMs, intervalMs, lastMs, medianMs, type Series, type StoreCost, samplesIn, ticks } from './storeDay.ts';

const program = '/usr/bin/prometheus';
const tool = '/usr/bin/promtool';

export function prometheusIsInstalled(): boolean {
  return existsSync(program) && existsSync(tool);
}

export async function prometheusIn(folder: string, day: readonly Series[]): Promise<StoreCost> {
  const samples = join(folder, 'day.openmetrics');
  const blocks = join(folder, 'blocks');
  mkdirSync(blocks);
  await writeSamples(samples, day);
  await promisify(execFile)(tool, ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', samples, blocks]);
  const bytesPerSample = bytesIn(blocks) / samplesIn(day);
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, 'global: {}\n');
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${blocks}`, `--web.listen-address=${address}`];
  const child = spawn(program, [...args, '--storage.tsdb.retention.time=100y'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://${address}`;
  try {
    await untilAnswers('Prometheus', `${url}/-/ready`);
    const read = (name: string) =>
      medianMs(async (subject) => {
        const selector = encodeURIComponent(`{__name__=~"${name}",subject="w-${subject}"}[24h]`);
        const answer = await ask(`${url}/api/v1/query?query=${selector}&time=${lastMs / 1000}`);
        if (answer.length < ticks) throw new Error(`expected a day of samples of Prometheus; found ${answer.length} bytes`);
      });
    return { bytesPerSample, gaugeMs: await read('anonBytes'), subjectMs: await read('.+') };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** In the order of time, as promtool wants to read them. */
async function writeSamples(file: string, day: readonly Series[]): Promise<void> {
  const out = await open(file, 'w');
  try {
    for (let tick = 0; tick < ticks; tick += 1) {
      const second = (firstMs + tick * intervalMs) / 1000;
      let text = '';
      for (const [index, series] of day.entries())
        for (const gauge of fed) text += `${gauge}{subject="w-${index}"} ${series[gauge][tick]} ${second}\n`;
      await out.write(text);
    }
    await out.write('# EOF\n');
  } finally {
    await out.close();
  }
}
