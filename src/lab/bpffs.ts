/** A bpffs of its own for a test or a benchmark: nothing of the system's is touched. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BpfPlaces, bpfPlaces } from '../kernel/bpfIterator.ts';

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
  const bpffs = mkdtempSync(join(tmpdir(), 'stanch-bpffs-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'bpf', '-o', 'mode=700', 'bpf', bpffs], { encoding: 'utf8' });
  if (status !== 0) {
    rmdirSync(bpffs);
    return `bpffs can't be mounted: ${stderr.trim()}`;
  }
  return {
    places: { ...bpfPlaces, bpffs },
    remove: () => {
      spawnSync('umount', [bpffs], { stdio: 'inherit' });
      rmdirSync(bpffs);
    },
  };
}
