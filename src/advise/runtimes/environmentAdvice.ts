/** A variable of the environment of a service: as a drop-in where it is a service, else as a line. Pure. */
import type { Recommendation } from '../../model/advice.ts';
import { dropInAdvice } from '../dropIn.ts';
import type { Measurements } from '../measurements.ts';

type Words = Pick<Recommendation, 'id' | 'title' | 'reason' | 'arithmetic' | 'risk'>;

/** Nothing that systemd or a shell acts on: what is set already was set by the process, and may hold anything. */
const harmless = /^[\w=.:,/+@ -]{1,2000}$/;

export function environmentAdvice(measured: Measurements, words: Words, name: string, value: string): Recommendation {
  const { unit, environment, existing } = measured;
  const now = environment.get(name) ?? null;
  const assignment = value.includes(' ') ? `"${name}=${value}"` : `${name}=${value}`;
  const common = { ...words, buys: null };
  if (unit === null || !harmless.test(value) || !harmless.test(now ?? value)) {
    return {
      ...common,
      settings: [{ name, now, live: now, advised: value }],
      change: null,
      line: `${name}=${value}`,
      place: 'the environment that it is started with',
      inForce: [],
      apply: ['restart it'],
      undo: ['take the variable out', 'restart it'],
    };
  }
  const dropIn = dropInAdvice(
    { unit: unit.name, existing },
    words.id,
    [{ name: 'Environment', now, live: null, advised: assignment }],
    'after',
  );
  return { ...common, settings: [{ name, now, live: now, advised: value }], ...dropIn };
}

/** What is set already, with one option more or another value of it: `--max-old-space-size=`. */
export function withOption(now: string | null, option: string, value: string): string {
  const others = (now ?? '').split(/\s+/).filter((part) => part !== '' && !part.startsWith(option));
  return [...others, `${option}${value}`].join(' ');
}
