/** Alerting rules over stanch's own metrics: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/. For those who alert from Prometheus. */

interface Rule {
  alert: string;
  expr: string;
  for: string;
  severity: 'warning' | 'critical';
  summary: string;
}

const day = 86_400;

const rules: readonly Rule[] = [
  {
    alert: 'StanchLeak',
    expr: 'stanch_workload_leak_probability > 0.5 and on (instance, workload, resource) (stanch_workload_growth_bytes_per_second > 0 or stanch_workload_growth_per_second > 0)',
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.workload }} on {{ $labels.instance }} leaks, {{ $value | humanizePercentage }} sure',
  },
  {
    alert: 'StanchHostExhaustion',
    expr: `stanch_host_exhaustion_seconds < ${day}`,
    for: '5m',
    severity: 'critical',
    summary: 'memory and swap of {{ $labels.instance }} end in {{ $value | humanizeDuration }}',
  },
  {
    alert: 'StanchWorkloadExhaustion',
    expr: `stanch_workload_exhaustion_seconds < ${day / 12}`,
    for: '2m',
    severity: 'critical',
    summary: '{{ $labels.workload }} on {{ $labels.instance }} reaches its limit in {{ $value | humanizeDuration }}',
  },
  {
    alert: 'StanchIncident',
    expr: 'stanch_incidents{severity="critical"} > 0',
    for: '1m',
    severity: 'critical',
    summary: '{{ $value }} critical incidents on {{ $labels.instance }}: stanch incidents',
  },
  {
    alert: 'StanchMemoryLow',
    expr: 'stanch_host_memory_available_bytes / stanch_host_memory_total_bytes < 0.05',
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left',
  },
  {
    alert: 'StanchMemoryPressure',
    expr: 'stanch_host_memory_pressure_ratio > 0.2',
    for: '5m',
    severity: 'warning',
    summary: 'tasks on {{ $labels.instance }} wait for memory {{ $value | humanizePercentage }} of the time',
  },
  {
    alert: 'StanchServiceSlow',
    expr: 'stanch_probe_slow > 0',
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.probe }} on {{ $labels.instance }} answers slowly: stanch status says why',
  },
  {
    alert: 'StanchDown',
    expr: 'up{job="stanch"} == 0',
    for: '5m',
    severity: 'warning',
    summary: 'stanch on {{ $labels.instance }} does not answer',
  },
];

/** YAML in which every text is a JSON string, which YAML takes as it is. */
export function prometheusRules(): string {
  const lines = rules.flatMap(({ alert, expr, for: lasts, severity, summary }) => [
    `      - alert: ${alert}`,
    `        expr: ${JSON.stringify(expr)}`,
    `        for: ${lasts}`,
    '        labels:',
    `          severity: ${severity}`,
    '        annotations:',
    `          summary: ${JSON.stringify(summary)}`,
  ]);
  return `groups:\n  - name: stanch\n    rules:\n${lines.join('\n')}\n`;
}
