/** `/api/v1/where`, and what `stanch where --json` prints. */
import { isValue, valueOrNull } from '../model/reading.ts';
import type { CgroupReading } from '../relate/cgroups.ts';
import type { Where } from '../relate/where.ts';
import type { WhereDocument } from './schema.ts';

type CgroupDocument = NonNullable<WhereDocument['cgroups']>['largest'][number];

export function whereDocument(where: Where): WhereDocument {
  const { ram, swap, reclaim, findings, cgroups, notices } = where;
  return {
    schema: 'stanch.where/1',
    time: new Date(where.timeMs).toISOString(),
    ram,
    swap,
    reclaim: {
      freeBytes: reclaim.free,
      reclaimableBytes: reclaim.reclaimable,
      swappableBytes: reclaim.swappable,
      unreclaimableBytes: reclaim.unreclaimable,
    },
    findings,
    cgroups: cgroups && { version: cgroups.version, dying: valueOrNull(cgroups.dying), largest: cgroups.largest.map(cgroupDocument) },
    notices,
  };
}

function cgroupDocument(cgroup: CgroupReading): CgroupDocument {
  const { pressure } = cgroup;
  return {
    path: cgroup.path,
    usageBytes: valueOrNull(cgroup.usageBytes),
    peakBytes: valueOrNull(cgroup.peakBytes),
    limitBytes: valueOrNull(cgroup.limitBytes),
    anonBytes: valueOrNull(cgroup.anonBytes),
    fileBytes: valueOrNull(cgroup.fileBytes),
    shmemBytes: valueOrNull(cgroup.shmemBytes),
    slabReclaimableBytes: valueOrNull(cgroup.slabReclaimableBytes),
    slabUnreclaimableBytes: valueOrNull(cgroup.slabUnreclaimableBytes),
    socketBytes: valueOrNull(cgroup.socketBytes),
    pageTableBytes: valueOrNull(cgroup.pageTableBytes),
    throttled: valueOrNull(cgroup.throttled),
    atLimit: valueOrNull(cgroup.atLimit),
    oomKills: valueOrNull(cgroup.oomKills),
    pressureSome10: isValue(pressure) ? valueOrNull(pressure.some10) : null,
    pressureFull10: isValue(pressure) ? valueOrNull(pressure.full10) : null,
  };
}
