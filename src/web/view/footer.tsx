/** What stanch itself costs: it has to stand next to what it says of others. */
import { status } from '../talk/live.ts';
import { formatBytes, formatCount, formatDuration } from '../words/format.ts';
import { unbroken } from '../words/unbroken.ts';

export function Footer() {
  const now = status.value;
  if (now === null) return <footer class="wide foot" />;
  const { self } = now;
  const parts = [
    `${formatBytes(self.rssBytes)} of RAM`,
    self.cpuRatio === null ? null : `${formatPercent(self.cpuRatio)} of one CPU core`,
    self.readsPerSecond === null ? null : `${formatCount(Math.round(self.readsPerSecond))} reads a second`,
    self.fds === null ? null : `${formatCount(self.fds)} open files`,
    `${formatBytes(self.storeBytes)} of history ${self.storeMode === 'disk' ? 'on disk' : 'in memory only'}`,
  ].filter((part) => part !== null);
  return (
    <footer class="wide foot">
      <p>
        {unbroken(
          `stanch ${now.version} itself uses ${parts.join(', ')}. Its budget: ${formatBytes(self.budget.rssBytes)}, ${formatPercent(self.budget.cpuRatio)}, ${formatCount(self.budget.readsPerSecond)} reads a second.`,
        )}
      </p>
      <p>
        {unbroken(
          `It looks at ${formatCount(self.processCount)} processes in ${formatCount(self.workloadCount)} workloads every ${formatDuration(now.intervalMs)}; one look takes ${formatCount(self.scanMs)} ms.`,
        )}
      </p>
    </footer>
  );
}

function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  return `${percent >= 10 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}
