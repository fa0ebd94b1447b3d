/** gunicorn: --max-requests with jitter, so that not all workers go at once. https://docs.gunicorn.org/en/stable/settings.html#max-requests */
import type { Recommendation } from '../../model/advice.ts';
import type { Measurements } from '../measurements.ts';
import { recyclingAdvice } from '../recycling.ts';

export function gunicorn(measured: Measurements): Recommendation[] {
  const { argv, processes, unit } = measured;
  if (!argv.some((argument) => /(?:^|\/)gunicorn\d?$|^gunicorn: /.test(argument))) return [];
  const advice = recyclingAdvice(measured, Math.max(1, processes.count - 1), {
    id: 'gunicorn-max-requests',
    title: 'Replace the workers of gunicorn before they are too large',
    directive: '--max-requests',
    now: argumentOf(argv, '--max-requests'),
    line: (value) => `--max-requests ${value} --max-requests-jitter ${value === 'N' ? 'N/10' : Math.ceil(Number(value) / 10)}`,
    place: 'the command line of gunicorn, or GUNICORN_CMD_ARGS, or max_requests in gunicorn.conf.py',
    apply: [unit === null ? 'restart gunicorn' : `systemctl restart ${unit.name}`],
  });
  return advice === null ? [] : [advice];
}

/** `--name value` or `--name=value`; null: not given. */
function argumentOf(argv: readonly string[], name: string): string | null {
  for (const [index, argument] of argv.entries()) {
    if (argument === name) return argv[index + 1] ?? null;
    if (argument.startsWith(`${name}=`)) return argument.slice(name.length + 1);
  }
  return null;
}
