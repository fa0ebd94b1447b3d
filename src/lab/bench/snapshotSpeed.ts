/**
 * A heap snapshot of some 300 MB, read with dominators by stanch and by memlab, each in a process of its own. memlab is installed for it into a
 * folder that goes away again; without a registry its row says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../model/units.ts';
import { table } from './table.ts';

const objects = 420_000;
const patienceMs = 900_000;
const explainFolder = join(import.meta.dirname, '..', '..', 'explain', 'node');

const writer = `
class RequestContext {
  constructor(id) {
    this.url = '/orders/' + id;
    this.headers = { host: 'h' + id, agent: 'a' };
    this.steps = [{ name: 'in', ms: id }, { name: 'out', ms: id + 1 }];
  }
}
globalThis.inflightRequests = new Map();
for (let id = 0; id < ${objects}; id += 1) inflightRequests.set(id, new RequestContext(id));
require('node:v8').writeHeapSnapshot(process.argv[1]);
`;
const cost = `const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, rssBytes: maxRSS * 1024, found }));`;
const readByStanch = `
import { openHeapSnapshot } from ${JSON.stringify(join(explainFolder, 'heapSnapshot.ts'))};
import { answerOfSnapshot } from ${JSON.stringify(join(explainFolder, 'snapshotAnswer.ts'))};
const { classes } = answerOfSnapshot(openHeapSnapshot(process.argv[1]), true);
const found = classes.map(({ type, retainedBytes }) => type + ' ' + retainedBytes).find((each) => each.startsWith('RequestContext'));
${cost}`;
const readByMemlab = `
const { utils, TraceFinder } = require('@memlab/core');
(async () => {
  const snapshot = await utils.getSnapshotFromFile(process.argv[1], { buildNodeIdIndex: true, verbose: false });
  const finder = new TraceFinder();
  finder.annotateShortestPaths(snapshot);
  finder.calculateAllNodesRetainedSizes(snapshot);
  let kept = 0;
  snapshot.nodes.forEach((node) => { if (node.name === 'RequestContext' && node.type === 'object') kept += node.retainedSize; });
  const found = 'RequestContext ' + kept;
  ${cost}
})();`;

interface Reading {
  cpuSeconds: number;
  rssBytes: number;
  found: string;
}

export function benchSnapshot(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stanch-snapshot-'));
  try {
    const path = join(folder, 'large.heapsnapshot');
    run(['--max-old-space-size=4096', '-e', writer, path], folder);
    const stanch = measured(['--input-type=module', '-e', readByStanch, path], folder);
    const memlab = installMemlab(folder) ? measured(['--max-old-space-size=8192', '-e', readByMemlab, path], folder) : null;
    const row = (name: string, { cpuSeconds, rssBytes, found }: Reading) => [name, cpuSeconds.toFixed(1), formatBytes(rssBytes), found];
    return [
      table(
        [`snapshot of ${formatBytes(statSync(path).size)}`, 'CPU s', 'RSS', 'bytes kept by'],
        [row('stanch', stanch), memlab === null ? ['memlab', 'could not be installed', '', ''] : row('@memlab/core', memlab)],
      ),
      ...(memlab === null
        ? []
        : [
            `CPU: ${(memlab.cpuSeconds / stanch.cpuSeconds).toFixed(1)} times less (must be 5); RSS: ${(stanch.rssBytes / memlab.rssBytes).toFixed(2)} of it (must be under 0.5)`,
          ]),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(args: string[], folder: string): string {
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: patienceMs, stdio: ['ignore', 'pipe', 'inherit'] });
}

function measured(args: string[], folder: string): Reading {
  return JSON.parse(run(args, folder).trim().split('\n').at(-1) ?? '');
}

function installMemlab(folder: string): boolean {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  try {
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '@memlab/core@2.0.5'];
    execFileSync('npm', args, { cwd: folder, timeout: patienceMs, stdio: 'ignore' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'status' in error)) throw error;
    return false;
  }
}
