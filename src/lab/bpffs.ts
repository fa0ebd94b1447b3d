/** A bpffs of its own for a test or a benchmark: nothing of the system's is touched. */
import { existsSync } from 'node:fs';
import { type BpfPlaces, bpfPlaces } from '../kernel/bpfIterator.ts';
import { mountOwn } from './ownMount.ts';

export interface OwnBpffs {
  places: BpfPlaces;
  /** With what was left in it. */
  remove(): void;
}

/** Why the iterator can't run here, in words, for whoever skips; else where it can. */
export function mountBpffs(): OwnBpffs | string {
  if (!existsSync(bpfPlaces.btf)) return `this kernel has no BTF (${bpfPlaces.btf})`;
  if (process.geteuid?.() !== 0) return 'only root may load BPF programs';
  if (!bpfPlaces.bpftools.some((path) => existsSync(path))) return 'there is no bpftool here (apt-get install bpftool)';
  const mount = mountOwn('bpf', 'mode=700');
  if (typeof mount === 'string') return mount;
  return { places: { ...bpfPlaces, bpffs: mount.folder }, remove: mount.remove };
}
