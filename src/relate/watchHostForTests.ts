/**
 * A program for tests that put a network namespace or a CPU in trouble: greets as sshd does on a port of its own, watches the host and that
 * port, and prints what it concludes after every look, a JSON document a line. `without-probes` it asks nothing. Ends with its stdin.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { readLoadavg } from '../kernel/loadavg.ts';
import { readMeminfo } from '../kernel/meminfo.ts';
import { readPressure } from '../kernel/pressure.ts';
import { readSockstat } from '../kernel/sockstat.ts';
import { readStat } from '../kernel/stat.ts';
import { absent } from '../model/reading.ts';
import { type HostFiles, hostReading } from '../sample/hostReading.ts';
import { HostWatch } from './hostWatch.ts';

const procRoot = '/proc';
const lookEveryMs = 500;

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.write('SSH-2.0-for-tests\r\n');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;

const watch = new HostWatch({
  probes: {
    enabled: process.argv[2] !== 'without-probes',
    intervalMs: 1000,
    timeoutMs: 5000,
    targets: [{ kind: 'ssh', host: '127.0.0.1', port, path: '', isConfigured: true }],
  },
  history: {
    store: {
      states: () => [],
      putState: () => undefined,
      subjects: () => [],
      read: () => {
        throw new Error('no history here');
      },
    },
    isLeaking: () => false,
  },
  onBug: (error) => {
    throw error;
  },
  kernelLog: '/dev/null',
});
watch.start();
setInterval(() => {
  const files: HostFiles = {
    meminfo: readMeminfo(procRoot),
    pressure: readPressure(procRoot, 'memory'),
    loadavg: readLoadavg(procRoot),
    stat: readStat(procRoot),
    sockstat: readSockstat(procRoot),
  };
  const timeMs = Date.now();
  const host = hostReading(files, timeMs, absent, 0);
  watch.afterScan({ timeMs, bootId: '', processes: [], workloads: [], host, notices: [], startedCount: 0, endedCount: 0 });
  const { stage, cause, sentence, probes } = watch.condition();
  process.stdout.write(`${JSON.stringify({ stage, cause, sentence, probe: probes[0]?.state ?? null })}\n`);
}, lookEveryMs);
process.stdin.resume().on('end', () => process.exit());
