/** The cgroups that hold most, and how near they are to their limits. */
import type { WhereDocument } from '../talk/documents.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { Name } from './name.tsx';

type CgroupsDocument = NonNullable<WhereDocument['cgroups']>;

function sizeOf(bytes: number | null): string {
  return bytes === null ? '' : formatBytes(bytes);
}

export function Cgroups({ cgroups }: { cgroups: CgroupsDocument }) {
  return (
    <section aria-labelledby="cgroups">
      <h2 id="cgroups">Cgroups that hold most</h2>
      <table class="list memory-table">
        <thead>
          <tr>
            <th scope="col">Cgroup</th>
            <th scope="col" class="num">
              Holds
            </th>
            <th scope="col" class="num from-tablet">
              At most so far
            </th>
            <th scope="col" class="num">
              Limit
            </th>
            <th scope="col" class="num from-tablet">
              Killed for want of memory
            </th>
          </tr>
        </thead>
        <tbody>
          {cgroups.largest.map((cgroup) => (
            <tr key={cgroup.path}>
              <th scope="row" class="name">
                <Name text={cgroup.path} />
              </th>
              <td class="num">{sizeOf(cgroup.usageBytes)}</td>
              <td class="num from-tablet">{sizeOf(cgroup.peakBytes)}</td>
              <td class="num">{cgroup.limitBytes === null ? 'none' : formatBytes(cgroup.limitBytes)}</td>
              <td class="num from-tablet">{cgroup.oomKills === null ? '' : formatCount(cgroup.oomKills)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {cgroups.dying !== null && cgroups.dying > 0 && (
        <p class="in-words">
          {formatCount(cgroups.dying)} removed {cgroups.dying === 1 ? 'cgroup is' : 'cgroups are'} still in the kernel, because memory is
          charged to
          {cgroups.dying === 1 ? ' it' : ' them'}.
        </p>
      )}
    </section>
  );
}
