/** Evidence for a person: the answer first, then what is behind it. */
import { countsText } from '../explain/answer.ts';
import type { Evidence, GrowingPart } from '../model/evidence.ts';
import { formatBytes, formatDuration, formatMs, formatPercent, formatTime } from '../model/units.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const mostShown = 5;

export function evidenceReport(evidence: Evidence, paint: Paint): string {
  const { answer, grows, notes, cost, runtime, intervalMs, id } = evidence;
  const lines = [
    paint('bold', printable(answer)),
    ...grows.slice(0, mostShown).flatMap((part, index) => ['', ...partLines(part, index + 1)]),
    ...notes.flatMap((note) => ['', printable(note)]),
    '',
    paint(
      'dim',
      `${runtime}; looked at over ${formatDuration(2 * intervalMs)}; cost ${formatMs(cost.cpuSeconds * 1000)} of CPU time and ${formatBytes(cost.rssBytes)}. Again: stanch evidence ${id}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function partLines(part: GrowingPart, rank: number): string[] {
  const { type, place, bytesPerSecond, survival, path, contents } = part;
  const stayed = survival === null ? '' : `, ${formatPercent(survival)} of what came stayed`;
  return [
    `${rank}. ${printable(type)}${place === null ? '' : ` at ${printable(place)}`}`,
    `   ${countsText(part)}, ${formatBytes(bytesPerSecond)} a second${stayed}`,
    ...(path.length === 0 ? [] : [`   ${wayLabel(part)}: ${path.map(printable).join(' › ')}`]),
    ...contents.map((text) => `   holds: "${printable(text)}"`),
  ];
}

function wayLabel({ isAllocation = false, isScript = false }: GrowingPart): string {
  if (isScript) return 'seen in';
  return isAllocation ? 'called by' : 'held by';
}

export function evidenceList(all: readonly Evidence[]): string {
  if (all.length === 0) return 'No evidence yet. To take some: stanch why WORKLOAD\n';
  return all
    .map(({ id, takenAtMs, subject, grows }) => {
      const [first] = grows;
      return `${id}  ${formatTime(takenAtMs)}  ${printable(subject.name)}: ${first === undefined ? 'nothing grows' : printable(first.type)}\n`;
    })
    .join('');
}
