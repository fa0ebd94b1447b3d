/**
 * `/metrics`: Prometheus text exposition 0.0.4. Results are gauges, and the raw gauges are there too, so that a user can compute and
 * disagree. Labels are workload, resource and class only; the number of workloads is bounded, what leaks comes first.
 */
import { causes, stages } from '../model/cascade.ts';
import { type Incident, isOpen } from '../model/incident.ts';
import type { ProbeState } from '../model/probe.ts';
import { isValue, type Reading, valueOrNull } from '../model/reading.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import type { WorkloadSample } from '../sample/scan.ts';
import { hostPart } from './host.ts';
import { privateBytesOf } from './rows.ts';
import type { LiveSource } from './source.ts';
import { workloadsByConcern } from './verdictView.ts';

const maxWorkloads = 500;

type Labels = Record<string, string>;
type Line = [labels: Labels, value: number | null];

export function metricsText(source: LiveSource): string {
  const families: string[] = [];
  const family = (name: string, type: 'gauge' | 'counter', help: string, lines: Iterable<Line>) => {
    const rows = [...lines].filter((line): line is [Labels, number] => line[1] !== null);
    if (rows.length > 0) {
      families.push(
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.map(([labels, value]) => metricLine(name, labels, value)).join('')}`,
      );
    }
  };
  workloadFamilies(source, family);
  hostFamilies(source, family);
  conditionFamilies(source, family);
  ownFamilies(source, family);
  return families.join('');
}

type AddFamily = (name: string, type: 'gauge' | 'counter', help: string, lines: Iterable<Line>) => void;

function workloadFamilies(source: LiveSource, family: AddFamily): void {
  const rows = mergeNames(workloadsByConcern(source).slice(0, maxWorkloads));
  const gauge = (name: string, help: string, read: (workload: WorkloadSample) => number | null) =>
    family(
      name,
      'gauge',
      help,
      rows.map(({ label, workload }): Line => [{ workload: label }, read(workload)]),
    );
  gauge('stanch_workload_private_bytes', 'Anonymous resident and swapped-out memory of a workload.', ({ sample }) =>
    privateBytesOf(sample),
  );
  gauge('stanch_workload_swap_bytes', 'Swapped-out memory of a workload.', ({ sample }) => valueOrNull(sample.swapBytes));
  gauge('stanch_workload_shmem_bytes', 'Resident shared memory of a workload.', ({ sample }) => valueOrNull(sample.shmemBytes));
  gauge('stanch_workload_limit_bytes', 'Nearest memory limit of a workload.', ({ sample }) => valueOrNull(sample.limitBytes));
  gauge('stanch_workload_open_fds', 'Open file descriptors of a workload.', ({ sample }) => valueOrNull(sample.fds));
  gauge('stanch_workload_zombies', 'Children of a workload that ended and were never waited for.', ({ zombies }) => zombies);
  gauge('stanch_workload_threads', 'Threads of a workload.', ({ sample }) => valueOrNull(sample.threads));
  gauge('stanch_workload_processes', 'Processes of a workload.', ({ sample }) => valueOrNull(sample.processes));
  const judged = rows.flatMap(({ label, verdict }) =>
    verdict.resources.map((resource) => ({ labels: { workload: label, resource: resource.resource }, resource })),
  );
  family(
    'stanch_workload_leak_probability',
    'gauge',
    'Calibrated probability that a workload leaks a resource, 0 to 1.',
    judged.map(({ labels, resource }): Line => [{ ...labels, class: resource.class }, resource.probability]),
  );
  family(
    'stanch_workload_growth_bytes_per_second',
    'gauge',
    'Growth of the floor of a resource that is measured in bytes.',
    judged.map(({ labels, resource }): Line => [labels, resource.slope?.unit === 'bytes' ? resource.slope.perHour / 3600 : null]),
  );
  family(
    'stanch_workload_growth_per_second',
    'gauge',
    'Growth of the floor of a resource that is counted.',
    judged.map(({ labels, resource }): Line => [labels, resource.slope?.unit === 'count' ? resource.slope.perHour / 3600 : null]),
  );
  family(
    'stanch_workload_exhaustion_seconds',
    'gauge',
    'Forecast time until the headroom of a resource ends.',
    judged.map(({ labels, resource }): Line => [labels, secondsUntil(resource.exhaustion?.at, source)]),
  );
}

/** Two workloads of one name (other user, other folder) would be one series twice, which a scraper refuses: number them. */
function mergeNames(rows: { workload: WorkloadSample; verdict: SubjectVerdict }[]) {
  const seen = new Map<string, number>();
  return rows.map(({ workload, verdict }) => {
    const { name, id } = workload.subject;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return { workload, verdict, label: count === 0 ? name : `${name} [${id}]` };
  });
}

function hostFamilies(source: LiveSource, family: AddFamily): void {
  const host = hostPart(source);
  const one = (name: string, help: string, value: number | null) => family(name, 'gauge', help, [[{}, value]]);
  one('stanch_host_memory_total_bytes', 'RAM of the host.', host.memTotalBytes);
  one('stanch_host_memory_available_bytes', 'Memory that can be had without swapping.', host.memAvailableBytes);
  one('stanch_host_swap_total_bytes', 'Swap of the host.', host.swapTotalBytes);
  one('stanch_host_swap_free_bytes', 'Free swap of the host.', host.swapFreeBytes);
  family('stanch_host_memory_pressure_ratio', 'gauge', 'Share of the last 10 s in which some or all tasks waited for memory, 0 to 1.', [
    [{ kind: 'some' }, host.memoryPressureSome10],
    [{ kind: 'full' }, host.memoryPressureFull10],
  ]);
  one('stanch_host_exhaustion_seconds', 'Forecast time until memory and swap of the host end.', secondsUntil(host.exhaustion?.at, source));
  one('stanch_host_sockets', 'Sockets that processes hold, in the network namespace of stanch.', host.sockets.used);
  one('stanch_host_tcp_time_wait_sockets', 'TCP sockets in TIME_WAIT.', host.sockets.tcpTimeWait);
  one('stanch_host_workloads', 'Workloads seen in the latest scan.', source.scan().workloads.length);
  one('stanch_host_processes', 'Processes seen in the latest scan.', source.scan().processes.length);
}

/** The step of the cascade, and what tells the steps and causes apart. */
function conditionFamilies(source: LiveSource, family: AddFamily): void {
  const { stage, cause, probes, loopback, vitals } = source.condition();
  const one = (name: string, help: string, value: number | null) => family(name, 'gauge', help, [[{}, value]]);
  family(
    'stanch_host_stage',
    'gauge',
    'Stage of the cascade that a lack of memory goes through: 1 for the one the host is at.',
    stages.map((each): Line => [{ stage: each }, each === stage ? 1 : 0]),
  );
  family(
    'stanch_host_slow_cause',
    'gauge',
    'What makes the host slow: 1 for what does, 0 for what does not.',
    causes.map((each): Line => [{ cause: each }, each === cause ? 1 : 0]),
  );
  const ofProbes = (value: (probe: ProbeState) => number | null) => probes.map((probe): Line => [{ probe: probe.name }, value(probe)]);
  family(
    'stanch_probe_seconds',
    'gauge',
    'Time until the last answer of a service, asked from inside the host; absent when there was none.',
    ofProbes(({ latest }) => (latest === null || latest.latencyMs === null ? null : latest.latencyMs / 1000)),
  );
  family(
    'stanch_probe_up',
    'gauge',
    'Whether a service answered when it was asked last, 0 or 1.',
    ofProbes(({ latest }) => (latest === null ? null : latest.latencyMs === null ? 0 : 1)),
  );
  family(
    'stanch_probe_slow',
    'gauge',
    'Whether a service is slower than it usually is, or does not answer, 0 or 1.',
    ofProbes(({ state }) => (state === 'slow' || state === 'failing' ? 1 : 0)),
  );
  one(
    'stanch_loopback_loss_ratio',
    'Share of packets to oneself over loopback that were lost, 0 to 1.',
    loopback === null ? null : loopback.lost / loopback.sent,
  );
  one('stanch_host_kills_known', 'Processes killed for want of memory that stanch knows of.', source.kills().length);
  if (vitals === null) return;
  const known = (value: Reading<number>) => valueOrNull(value);
  family('stanch_host_io_pressure_ratio', 'gauge', 'Share of the last 10 s in which some or all tasks waited for disks, 0 to 1.', [
    [{ kind: 'some' }, known(vitals.ioSome)],
    [{ kind: 'full' }, known(vitals.ioFull)],
  ]);
  family('stanch_host_cpu_pressure_ratio', 'gauge', 'Share of the last 10 s in which some tasks waited for a CPU, 0 to 1.', [
    [{ kind: 'some' }, known(vitals.cpuSome)],
  ]);
  one('stanch_host_swap_in_bytes_per_second', 'What comes back from swap.', known(vitals.swapInBytes));
  one('stanch_host_swap_out_bytes_per_second', 'What goes out to swap.', known(vitals.swapOutBytes));
  one('stanch_host_refault_bytes_per_second', 'What is read again shortly after it was given up.', known(vitals.refaultBytes));
  one('stanch_host_direct_reclaims_per_second', 'Times a task had to free memory itself.', known(vitals.directReclaims));
  one(
    'stanch_host_tcp_retransmit_ratio',
    'Share of TCP segments of standing connections sent again, 0 to 1.',
    known(vitals.network.retransmitRatio),
  );
  one('stanch_host_listen_overflows_per_second', 'Connections that a program did not take in time.', known(vitals.network.listenOverflows));
}

function ownFamilies(source: LiveSource, family: AddFamily): void {
  const cost = source.ownCost();
  const number = (reading: Reading<number>) => (isValue(reading) ? reading : null);
  family(
    'stanch_incidents',
    'gauge',
    'Open incidents by severity.',
    (['info', 'warning', 'critical'] as const).map((severity) => [{ severity }, countOpen(source, severity)]),
  );
  family('stanch_build_info', 'gauge', 'Always 1; the version is the label.', [[{ version: source.version }, 1]]);
  family('stanch_scan_duration_seconds', 'gauge', 'Time the latest scan took.', [[{}, source.scanMs() / 1000]]);
  const { budget } = source.settings();
  family('stanch_scan_interval_seconds', 'gauge', 'Time between two scans now; longer than configured where the budget needs it.', [
    [{}, source.pace().intervalMs / 1000],
  ]);
  family('stanch_kernel_reads_total', 'counter', 'How often the kernel was asked for something.', [[{}, cost.reads]]);
  family('stanch_budget_cpu_ratio', 'gauge', 'Share of a core that stanch may use, 0 to 1.', [[{}, budget.cpuRatio]]);
  family('stanch_budget_resident_memory_bytes', 'gauge', 'Resident memory that stanch may use.', [[{}, budget.rssBytes]]);
  family('stanch_budget_reads_per_second', 'gauge', 'How often stanch may ask the kernel, a second.', [[{}, budget.readsPerSecond]]);
  family('stanch_store_bytes', 'gauge', 'Size of the embedded store.', [[{}, source.store.health().bytes]]);
  family('process_cpu_seconds_total', 'counter', 'CPU time stanch itself has used.', [[{}, cost.cpuSeconds]]);
  family('process_resident_memory_bytes', 'gauge', 'Resident memory of stanch itself.', [[{}, cost.rssBytes]]);
  family('process_open_fds', 'gauge', 'Open file descriptors of stanch itself.', [[{}, number(cost.fds)]]);
  family('process_start_time_seconds', 'gauge', 'Start of stanch itself, Unix time.', [[{}, cost.startTimeMs / 1000]]);
}

function secondsUntil(moment: string | undefined, source: LiveSource): number | null {
  return moment === undefined ? null : Math.max(0, (Date.parse(moment) - source.scan().timeMs) / 1000);
}

function metricLine(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${metricNumber(value)}\n`;
}

function metricNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function countOpen(source: LiveSource, severity: Incident['severity']): number {
  return source.incidents.incidents().filter((incident) => isOpen(incident) && incident.severity === severity).length;
}
