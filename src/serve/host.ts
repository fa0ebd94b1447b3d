/** `/api/v1/host`, and the host's part of the status. */
import { forecastHost } from '../detect/hostForecast.ts';
import { isValue, type Reading, valueOrNull } from '../model/reading.ts';
import { hostSubject } from '../model/subject.ts';
import type { Exhaustion } from '../model/verdict.ts';
import { conditionPart, vitalsPart } from './condition.ts';
import type { HostDocument, StatusDocument } from './schema.ts';
import type { LiveSource } from './source.ts';
import { verdictOf } from './verdictView.ts';

export function hostPart(source: LiveSource): StatusDocument['host'] {
  const { host } = source.scan();
  return {
    name: source.hostName,
    memTotalBytes: valueOrNull(host.memTotalBytes),
    memAvailableBytes: valueOrNull(host.memAvailableBytes),
    memFreeBytes: valueOrNull(host.memFreeBytes),
    swapTotalBytes: valueOrNull(host.swapTotalBytes),
    swapFreeBytes: valueOrNull(host.swapFreeBytes),
    memoryPressureSome10: valueOrNull(host.memoryPressure.some10),
    memoryPressureFull10: valueOrNull(host.memoryPressure.full10),
    load1: valueOrNull(host.load1),
    sockets: {
      used: valueOrNull(host.sockets.used),
      tcpAllocated: valueOrNull(host.sockets.tcpAllocated),
      tcpOrphaned: valueOrNull(host.sockets.tcpOrphaned),
      tcpTimeWait: valueOrNull(host.sockets.tcpTimeWait),
    },
    cpuCount: host.cpuCount,
    exhaustion: hostExhaustion(source),
  };
}

/**
 * The earlier of what the leaking workloads sum up to and what the host's own series says of what no process holds (kernel memory,
 * files in tmpfs). The host's own memory series speaks only when no workload does: else it is the same growth with more noise.
 */
function hostExhaustion(source: LiveSource): Exhaustion | null {
  const scan = source.scan();
  const headroom: Reading<number> = scan.host.sample.headroomBytes;
  const leaks = scan.workloads
    // What has a limit of its own hits that, not the host.
    .filter((workload) => !isValue(workload.sample.limitBytes))
    .flatMap((workload) => source.judged(workload.subject.id)?.verdict?.resources ?? [])
    .filter((verdict) => verdict.verdict === 'leak' && (verdict.resource === 'memory' || verdict.resource === 'shmem'));
  const summed = isValue(headroom) ? forecastHost(headroom, leaks, scan.timeMs) : null;
  const own =
    source
      .judged(hostSubject.id)
      ?.verdict?.resources.filter((verdict) => verdict.verdict === 'leak' && (verdict.resource !== 'memory' || summed === null)) ?? [];
  return [summed, ...own.map((verdict) => verdict.exhaustion)].reduce(earlier, null);
}

function earlier(a: Exhaustion | null, b: Exhaustion | null): Exhaustion | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(b.at) < Date.parse(a.at) ? b : a;
}

export function hostDocument(source: LiveSource): HostDocument {
  return {
    schema: 'stanch.host/1',
    time: new Date(source.scan().timeMs).toISOString(),
    host: hostPart(source),
    verdict: verdictOf(source, hostSubject),
    condition: conditionPart(source),
    vitals: vitalsPart(source),
  };
}
