/**
 * A pool of PHP-FPM by the title of its workers: `php-fpm: pool www`. On shared hosting that is one account or site.
 * The master belongs to the service that it runs in. Two services may have a pool of the same name.
 */
import { container } from './container.ts';
import { systemdUnit } from './systemdUnit.ts';
import type { WorkloadRule } from './workloadRule.ts';

const workerTitle = /^php-fpm[\d.]*: pool (\S{1,200})/;

export const phpFpmPool: WorkloadRule = (facts) => {
  const title = facts.argv[0];
  const pool = title === undefined ? undefined : workerTitle.exec(title)?.[1];
  if (pool === undefined) return null;
  const service = container(facts) ?? systemdUnit(facts);
  return { origin: 'php-fpm-pool', key: `${service?.key ?? ''}/${pool}`, name: `php-fpm: pool ${pool}`, user: facts.user };
};
