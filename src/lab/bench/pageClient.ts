/** Does what an open page does: follows the live stream and asks again at every tick. */
import { get } from 'node:http';

const onTick = [
  '/api/v1/status?limit=30',
  '/api/v1/subjects?kind=workload&sort=concern&limit=30',
  '/api/v1/subjects/host/series?resource=memory',
];
const onFifthTick = ['/api/v1/subjects?kind=workload&limit=100'];

export interface PageClient {
  /** Ticks that came and answers that followed. */
  seen(): { ticks: number; answers: number };
  close(): void;
}

export function openPage(url: string): PageClient {
  const seen = { ticks: 0, answers: 0 };
  const stream = get(`${url}/api/v1/stream`, (response) => {
    response.setEncoding('utf8').on('data', (text: string) => {
      if (!text.includes('event: tick')) return;
      seen.ticks += 1;
      for (const path of [...onTick, ...(seen.ticks % 5 === 1 ? onFifthTick : [])]) ask(`${url}${path}`, seen);
    });
    response.on('error', ignoreEnd);
  });
  stream.on('error', ignoreEnd);
  return { seen: () => ({ ...seen }), close: () => stream.destroy() };
}

function ask(url: string, seen: { answers: number }): void {
  get(url, (response) => {
    response.resume();
    response.on('end', () => {
      if (response.statusCode === 200) seen.answers += 1;
    });
  }).on('error', ignoreEnd);
}

/** The daemon is stopped while the page is open; what was answered is counted. */
function ignoreEnd(error: Error & { code?: string }): void {
  if (error.code !== 'ECONNRESET' && error.code !== 'ECONNREFUSED') throw error;
}
