/**
 * npm run bench [-- cost] [store] [daemon] [scan] [judge] [where] [bpf] [stall] [check] [why] [naming] [snapshot] [page] [safety]
 * [--runs N] [--seconds N] [--minutes N]
 * [--only TEXT]: naming for the programs in whose language and name it is, safety for those in whose name. [--interpreter LANGUAGE=COMMAND]: naming for the programs of that language alone, on that one; of Go it is the `go` that builds them.
 * What stanch costs and how fast it is, on real processes of this machine. Ends what it started, and asks for nothing.
 */
import { parseArgs } from 'node:util';
import { benchNaming, parseOtherTool } from '../naming/naming.ts';
import { benchSafety } from '../safety/safety.ts';
import { benchBpf } from './bpfSpeed.ts';
import { benchCheck } from './checkGate.ts';
import { benchDaemon } from './daemonCost.ts';
import { type Farm, startFarm } from './farm.ts';
import { benchJudge } from './judgeCost.ts';
import { machineFacts } from './machine.ts';
import { benchPage } from './pageSpeed.ts';
import { benchCost } from './scanCost.ts';
import { benchScan } from './scanSpeed.ts';
import { benchSnapshot } from './snapshotSpeed.ts';
import { benchStall } from './stall.ts';
import { requireBuild } from './stanchProgram.ts';
import { storeTable } from './storeCost.ts';
import { benchWhere } from './whereSpeed.ts';
import { benchWhy } from './whyCost.ts';

const parts = ['cost', 'store', 'daemon', 'scan', 'judge', 'where', 'bpf', 'stall', 'check', 'why', 'naming', 'snapshot', 'page', 'safety'];
const farmSize = 1000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '120' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    interpreter: { type: 'string' },
  },
});
const runs = wholeNumber('--runs', values.runs, 1, 100);
const measureMs = wholeNumber('--seconds', values.seconds, 10, 3600) * 1000;
const minutes = wholeNumber('--minutes', values.minutes, 1, 1440);
const unknown = positionals.find((part) => !parts.includes(part));
if (unknown !== undefined) throw new Error(`expected ${parts.join(', ')}; found ${unknown}`);
// The table of costs has the store in it, the gate and safety take a quarter of an hour, and the page needs Chromium.
const onlyByName = ['store', 'check', 'page', 'safety'];
const wanted = positionals.length === 0 ? parts.filter((part) => !onlyByName.includes(part)) : positionals;

requireBuild();
say(machineFacts());
if (wanted.includes('cost')) say(await benchCost(runs, minutes));
if (wanted.includes('store')) say(await storeTable(runs));
if (wanted.includes('scan')) say(await benchScan(runs));
if (wanted.includes('judge')) say(benchJudge(runs));
if (wanted.includes('check')) say(await benchCheck(runs));
if (wanted.includes('stall')) say(await benchStall(runs));
if (wanted.includes('why')) say(await benchWhy());
if (wanted.includes('page')) say(await benchPage(runs));
if (wanted.includes('naming')) {
  const other = values.interpreter === undefined ? null : parseOtherTool(values.interpreter);
  say(await benchNaming(runs, values.only, other));
}
if (wanted.includes('snapshot')) say(benchSnapshot());
if (wanted.includes('safety')) say(await benchSafety(runs, values.only));
if (wanted.includes('where') || wanted.includes('bpf') || wanted.includes('daemon')) await withFarm(benchOnFarm);

async function benchOnFarm(farm: Farm): Promise<void> {
  if (wanted.includes('where')) say(benchWhere(farm, Math.max(runs, 7)));
  if (wanted.includes('bpf')) say(await benchBpf(farm, Math.max(runs, 5)));
  if (wanted.includes('daemon')) say(await benchDaemon(farm, runs, measureMs));
}

async function withFarm(work: (farm: Farm) => Promise<void>): Promise<void> {
  process.stderr.write(`starting ${farmSize} processes …\n`);
  const farm = await startFarm(farmSize);
  try {
    await work(farm);
  } finally {
    await farm.stop();
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new Error(`expected ${flag} from ${least} to ${most}; found ${text}`);
}
