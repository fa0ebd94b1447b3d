/** A dashboard over stanch's metrics, in Grafana's classic JSON: a fixed uid, and the data source as a variable. */

interface Query {
  expr: string;
  legend: string;
}

interface Panel {
  title: string;
  type: 'timeseries' | 'stat' | 'table';
  unit: string;
  width: number;
  queries: Query[];
}

const source = { type: 'prometheus', uid: '$datasource' };
const height = 8;
const of = '{instance=~"$instance"}';

const panels: readonly Panel[] = [
  {
    title: 'Critical incidents',
    type: 'stat',
    unit: 'none',
    width: 4,
    queries: [{ expr: 'stanch_incidents{instance=~"$instance",severity="critical"}', legend: '{{instance}}' }],
  },
  {
    title: 'Memory and swap end in',
    type: 'stat',
    unit: 's',
    width: 4,
    queries: [{ expr: `stanch_host_exhaustion_seconds${of}`, legend: '{{instance}}' }],
  },
  {
    title: 'Most likely leaks',
    type: 'table',
    unit: 'percentunit',
    width: 16,
    queries: [{ expr: `topk(10, stanch_workload_leak_probability${of})`, legend: '{{workload}} {{resource}}' }],
  },
  {
    title: 'Private memory of the largest workloads',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    queries: [{ expr: `topk(10, stanch_workload_private_bytes${of})`, legend: '{{workload}}' }],
  },
  {
    title: 'Growth',
    type: 'timeseries',
    unit: 'Bps',
    width: 12,
    queries: [{ expr: `topk(10, stanch_workload_growth_bytes_per_second${of})`, legend: '{{workload}}' }],
  },
  {
    title: 'Memory of the server',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    queries: [
      { expr: `stanch_host_memory_available_bytes${of}`, legend: '{{instance}} available' },
      { expr: `stanch_host_swap_free_bytes${of}`, legend: '{{instance}} swap free' },
    ],
  },
  {
    title: 'Waiting for memory',
    type: 'timeseries',
    unit: 'percentunit',
    width: 12,
    queries: [{ expr: `stanch_host_memory_pressure_ratio${of}`, legend: '{{instance}} {{kind}}' }],
  },
  {
    title: 'How fast services answer',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [{ expr: `stanch_probe_seconds${of}`, legend: '{{instance}} {{probe}}' }],
  },
  {
    title: 'Open files',
    type: 'timeseries',
    unit: 'none',
    width: 12,
    queries: [{ expr: `topk(10, stanch_workload_open_fds${of})`, legend: '{{workload}}' }],
  },
];

export function grafanaDashboard() {
  let x = 0;
  let y = 0;
  const placed = panels.map((panel, index) => {
    if (x + panel.width > 24) {
      x = 0;
      y += height;
    }
    const gridPos = { h: height, w: panel.width, x, y };
    x += panel.width;
    return panelOf(panel, index + 1, gridPos);
  });
  const instances = {
    name: 'instance',
    label: 'Server',
    type: 'query',
    datasource: source,
    query: 'label_values(stanch_build_info, instance)',
    refresh: 2,
    includeAll: true,
    multi: true,
    current: { text: 'All', value: '$__all' },
  };
  return {
    uid: 'stanch',
    title: 'stanch',
    tags: ['stanch', 'memory'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-24h', to: 'now' },
    templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }, instances] },
    panels: placed,
  };
}

function panelOf({ title, type, unit, queries }: Panel, id: number, gridPos: Record<string, number>) {
  const isTable = type === 'table';
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: source,
    expr,
    legendFormat: legend,
    ...(isTable ? { instant: true, format: 'table' } : {}),
  }));
  return { id, title, type, gridPos, datasource: source, targets, fieldConfig: { defaults: { unit }, overrides: [] }, options: {} };
}
