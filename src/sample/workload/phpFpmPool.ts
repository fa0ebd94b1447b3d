/**
 * A pool of PHP-FPM by the title of its workers: `php-fpm: pool www`. On shared hosting that is one account or site:
 * cPanel names the pool after the domain, `php-fpm: pool example_com`.
 * The master belongs to the service that it runs in. Two services, or two masters, may have a pool of the same name.
 */
import { container } from './container.ts';
import { normaliseArgument } from './normalise.ts';
import { systemdUnit } from './systemdUnit.ts';
import type { ProcessFacts, WorkloadRule } from './workloadRule.ts';

const workerTitle = /^php-fpm[\d.]*: pool (\S{1,200})/;
const masterTitle = /^php-fpm[\d.]*: master process \((.{1,1024})\)/;
/** `php8.2-fpm.service`, `ea-php82-php-fpm.service`, `/etc/php/8.2/fpm/php-fpm.conf`, `/opt/alt/php82/…`, `/etc/opt/remi/php82/…` */
const versionIn = /php[-/]?(\d)\.?(\d{1,2})(?!\d)/;

export const phpFpmPool: WorkloadRule = (facts) => {
  const pool = workerTitle.exec(facts.argv[0] ?? '')?.[1];
  if (pool === undefined) return null;
  const inContainer = container(facts);
  const service = (inContainer ?? systemdUnit(facts))?.key ?? masterConfig(facts);
  const [, major, minor] = versionIn.exec(service) ?? /fpm-?(\d)\.?(\d{1,2})$/.exec(facts.comm) ?? [];
  const version = major === undefined ? '' : `, PHP ${major}.${minor}`;
  const domain = facts.names
    .account(facts.user)
    ?.domains.find((candidate) => candidate === pool || candidate.replaceAll('.', '_') === pool);
  return {
    origin: 'php-fpm-pool',
    key: `${service}/${pool}`,
    name: `php-fpm: pool ${pool}${version}${inContainer === null ? '' : `, ${inContainer.name}`}`,
    user: facts.user,
    ...(domain === undefined ? {} : { domain }),
  };
};

function masterConfig(facts: ProcessFacts): string {
  return normaliseArgument(masterTitle.exec(facts.parent()?.argv[0] ?? '')?.[1] ?? '');
}
