/** `stanch export`: what the daemon knows, in forms that others read. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { hostSubject } from '../model/subject.ts';
import { formatDuration } from '../model/units.ts';
import { seriesResources } from '../series/resourcePoints.ts';
import { seriesSchema, subjectsSchema } from '../serve/schema.ts';
import { type ApiClient, createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { grafanaDashboard } from './grafanaDashboard.ts';
import { prometheusRules } from './prometheusRules.ts';
import { parseDuration } from './quantity.ts';
import { surroundings } from './settingsFlags.ts';

type Url = Pick<ClientFlags, 'url'>;

const metricsCommand = buildCommand<Url & { out?: string }, [], CliContext>({
  docs: {
    brief: 'Metrics of Prometheus, for the textfile collector of node_exporter',
    fullDescription:
      'To stdout, or with --out to a file that is never half written: stanch export metrics --out /var/lib/node_exporter/stanch.prom',
  },
  parameters: {
    flags: {
      url: clientFlags.url,
      out: { kind: 'parsed', parse: String, optional: true, placeholder: 'FILE', brief: 'A file in place of stdout' },
    },
  },
  async func({ url, out }) {
    const text = await createClient(url, surroundings(this.process.env)).getText('/metrics');
    if (out === undefined) this.process.stdout.write(text);
    else replaceFile(out, text);
  },
});

const columns = {
  memory: 'anon_bytes',
  shmem: 'shmem_bytes',
  fds: 'fds',
  sockets: 'sockets',
  threads: 'threads',
  processes: 'processes',
} as const;
type Column = keyof typeof columns;

const seriesCommand = buildCommand<Url & { last: number }, [string], CliContext>({
  docs: {
    brief: 'The history of one subject as a series file, which stanch scan reads',
    fullDescription: 'CSV to stdout, at most 2000 rows: the floor of each bucket. anon_bytes holds private memory, swap and all.',
  },
  parameters: {
    flags: { url: clientFlags.url, last: { kind: 'parsed', parse: timeOf, default: '1d', placeholder: 'TIME', brief: 'How far back' } },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'host, the name of a workload that runs, a part of it that only one has, or an id of the API',
          parse: String,
          placeholder: 'SUBJECT',
        },
      ],
    },
  },
  async func({ url, last }, given) {
    const client = createClient(url, surroundings(this.process.env));
    const { id, name } = await subjectOf(client, given);
    const known = seriesResources.filter((resource): resource is Column => Object.hasOwn(columns, resource));
    const toMs = Date.now();
    const rows = new Map<number, Partial<Record<Column, number>>>();
    for (const resource of known) {
      const query = `resource=${resource}&from=${Math.max(0, Math.round(toMs - last))}&to=${toMs}&points=2000`;
      const { timeMs, floor } = await client.get(`/api/v1/subjects/${encodeURIComponent(id)}/series?${query}`, seriesSchema);
      for (const [index, time] of timeMs.entries()) rows.set(time, { ...rows.get(time), [resource]: floor[index] ?? undefined });
    }
    if (rows.size === 0) {
      throw new StanchError('STANCH_E_NO_INPUT', {
        expected: `a history of ${given} in the last ${formatDuration(last)}`,
        found: 'none',
        next: 'Look further back with --last 7d, or see what there is: stanch top',
      });
    }
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const lines = [...rows]
      .sort(([a], [b]) => a - b)
      .map(([time, row]) => [time / 1000, quoted, ...known.map((resource) => row[resource] ?? '')].join(','));
    this.process.stdout.write(
      `${['time', 'subject', ...known.map((resource) => columns[resource])].join(',')}\n${lines.map((line) => `${line}\n`).join('')}`,
    );
  },
});

const rulesCommand = buildCommand<Record<never, never>, [], CliContext>({
  docs: { brief: 'Alerting rules for Prometheus', fullDescription: 'For example: stanch export rules > /etc/prometheus/stanch.rules.yml' },
  parameters: { flags: {} },
  func() {
    this.process.stdout.write(prometheusRules());
  },
});

const dashboardCommand = buildCommand<Record<never, never>, [], CliContext>({
  docs: {
    brief: 'A dashboard for Grafana',
    fullDescription: 'JSON to import; it asks for the data source: stanch export dashboard > stanch.json',
  },
  parameters: { flags: {} },
  func() {
    this.process.stdout.write(`${JSON.stringify(grafanaDashboard(), null, 2)}\n`);
  },
});

export const exportCommand = buildRouteMap<'metrics' | 'series' | 'rules' | 'dashboard', CliContext>({
  routes: { metrics: metricsCommand, series: seriesCommand, rules: rulesCommand, dashboard: dashboardCommand },
  docs: { brief: 'Metrics, rules and a dashboard for Prometheus and Grafana; the history of a subject as CSV' },
});

async function subjectOf(client: ApiClient, given: string): Promise<{ id: string; name: string }> {
  if (given === hostSubject.id || /^[wp]-[\w-]+$/.test(given)) return { id: given, name: given };
  const { subjects } = await client.get(`/api/v1/subjects?filter=${encodeURIComponent(given.slice(0, 200))}`, subjectsSchema);
  // The daemon looks for the words in other columns too.
  const named = subjects.filter(({ name }) => name.toLowerCase().includes(given.toLowerCase()));
  const exact = named.filter(({ name }) => name === given);
  const found = exact.length > 0 ? exact : named;
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const some = found.slice(0, 5).map(({ id, name }) => `${name} (${id})`);
  throw new StanchError('STANCH_E_NO_SUBJECT', {
    expected: `one running workload named ${JSON.stringify(given.slice(0, 80))}`,
    found: first === undefined ? 'none' : `${found.length}: ${some.join(', ')}`,
    next: 'Give the whole name or the id.',
  });
}

function timeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= 60_000) return ms;
  throw new StanchError('STANCH_E_USAGE', {
    expected: 'a time from 1min on, with its unit',
    found: JSON.stringify(text.slice(0, 40)),
    next: 'For example: --last 7d',
  });
}

/** Under another name first: a collector never reads half of it. */
function replaceFile(path: string, text: string): void {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw new StanchError('STANCH_E_OUTPUT', {
      expected: `to be able to write ${path}`,
      found: cause instanceof Error ? cause.message : String(cause),
      next: 'Name a file in a folder that exists and can be written.',
      cause,
    });
  }
}
