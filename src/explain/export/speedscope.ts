/** https://www.speedscope.app/file-format-schema.json, a sampled profile in bytes. */
import type { Evidence } from '../../model/evidence.ts';
import { stacksOf } from './stacks.ts';

export function speedscope(evidence: Evidence): string {
  const stacks = stacksOf(evidence);
  const names = [...new Set(stacks.flatMap(({ frames }) => frames))];
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const weights = stacks.map(({ bytesPerSecond }) => bytesPerSecond);
  const document = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames: names.map((name) => ({ name })) },
    profiles: [
      {
        type: 'sampled',
        name: `growth a second of ${evidence.subject.name}`,
        unit: 'bytes',
        startValue: 0,
        endValue: weights.reduce((sum, weight) => sum + weight, 0),
        samples: stacks.map(({ frames }) => frames.map((name) => indexOf.get(name) ?? 0)),
        weights,
      },
    ],
    name: evidence.id,
    exporter: 'stanch',
  };
  return `${JSON.stringify(document)}\n`;
}
