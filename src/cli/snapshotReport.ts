/** A heap snapshot for a person: what keeps the most, and the way to it. */
import type { SnapshotAnswer, SnapshotClass } from '../explain/node/snapshotAnswer.ts';
import { formatBytes } from '../model/units.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const mostPathShown = 8;

export function snapshotReport({ nodes, edges, bytes, classes }: SnapshotAnswer, paint: Paint): string {
  const lines = [
    paint('bold', `${formatBytes(bytes)} in ${nodes} objects with ${edges} references. What keeps the most alive:`),
    ...classes.flatMap((each, index) => ['', ...classLines(each, index + 1)]),
    '',
    paint('dim', 'One snapshot says what is large, not what grows: stanch why PID tells that from the running process.'),
  ];
  return `${lines.join('\n')}\n`;
}

function classLines({ type, count, selfBytes, retainedBytes, path }: SnapshotClass, rank: number): string[] {
  const shown = path.length <= mostPathShown ? path : ['…', ...path.slice(-mostPathShown)];
  return [
    `${rank}. ${printable(type)}: ${count} of them keep ${formatBytes(retainedBytes)}, ${formatBytes(selfBytes)} of it their own`,
    `   most by: ${shown.map(printable).join(' › ')}`,
  ];
}
