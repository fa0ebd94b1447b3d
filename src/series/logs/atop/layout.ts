/**
 * Where the figures lie in the structs that atop writes to its raw log, by the version that wrote it. Each release may move
 * them, so a log is read only if the lengths it states are those of its version, too.
 * From rawlog.h, photosyst.h and photoproc.h of each release (https://github.com/Atoptool/atop, their old forms under prev/),
 * as a 64-bit little-endian machine lays them out.
 */
export interface AtopLayout {
  /** `struct sstat`: the host. */
  systemBytes: number;
  /** `struct tstat`: one process or thread. */
  taskBytes: number;
  /** `struct memstat`, in `struct sstat`. */
  memory: number;
  /** In `struct memstat`, whose earlier members have never moved. */
  shmem: number;
  slabReclaimable: number;
  pageTables: number | null;
  available: number | null;
  /** In `struct tstat`; the members before have never moved. */
  container: number;
  containerIs: 'id' | 'host-name';
  cgroupPath: number | null;
  cpu: number;
  taskMemory: number;
  /** `cgmemmaxr` in the memory part of `struct tstat`. */
  cgroupLimit: number | null;
  /** Compressed lists of cgroups and of their processes follow a record. */
  hasCgroupLists: boolean;
}

/** 2.4 to 2.6 keep less for each CPU than what came later. */
const before27: AtopLayout = {
  systemBytes: 716_656,
  taskBytes: 840,
  memory: 278_744,
  shmem: 120,
  slabReclaimable: 144,
  pageTables: null,
  available: null,
  container: 368,
  containerIs: 'id',
  cgroupPath: null,
  cpu: 384,
  taskMemory: 544,
  cgroupLimit: null,
  hasCgroupLists: false,
};

const of27: AtopLayout = { ...before27, systemBytes: 954_360, memory: 344_312 };

const of28: AtopLayout = {
  ...of27,
  systemBytes: 1_021_960,
  taskBytes: 968,
  shmem: 136,
  slabReclaimable: 160,
  pageTables: 296,
  cgroupPath: 384,
  cpu: 448,
  taskMemory: 640,
  cgroupLimit: 112,
};

const of210: AtopLayout = {
  ...of28,
  systemBytes: 1_030_216,
  taskBytes: 992,
  available: 344,
  container: 372,
  containerIs: 'host-name',
  cgroupPath: 388,
  cpu: 456,
  taskMemory: 664,
};

const of211: AtopLayout = {
  ...of210,
  systemBytes: 1_064_016,
  taskBytes: 968,
  cgroupPath: null,
  cpu: 408,
  taskMemory: 616,
  cgroupLimit: null,
  hasCgroupLists: true,
};

const layouts: Readonly<Record<string, AtopLayout>> = {
  '2.4': before27,
  '2.5': before27,
  '2.6': before27,
  '2.7': of27,
  '2.8': of28,
  '2.9': of28,
  '2.10': of210,
  '2.11': of211,
};

export const knownVersions = `${Object.keys(layouts)[0]} to ${Object.keys(layouts).at(-1)}`;

export function layoutOf(version: string): AtopLayout | undefined {
  return Object.hasOwn(layouts, version) ? layouts[version] : undefined;
}
