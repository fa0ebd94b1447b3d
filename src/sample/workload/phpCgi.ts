/**
 * PHP that a web server starts for each account: `lsphp` of LiteSpeed and mod_lsapi, `php-cgi` under suEXEC or mod_fcgid.
 * One workload for each account: its processes serve one script after the other, of any site of the account. While one is served, the
 * title names it, `lsphp:/home/alice/public_html/index.php`, cut on the left where it is too long.
 */
import { container } from './container.ts';
import { programBase } from './lineage.ts';
import { systemdUnit } from './systemdUnit.ts';
import type { WorkloadRule } from './workloadRule.ts';

const program = /^(?:lsphp|php-cgi)[\d.]*$/;

export const phpCgi: WorkloadRule = (facts) => {
  const base = programBase(facts);
  if (!program.test(base)) return null;
  const service = container(facts) ?? systemdUnit(facts);
  // A unit that somebody made to run php-cgi is better known by its own name; lsphp always belongs to a web server.
  if (service !== null && !base.startsWith('lsphp')) return null;
  return { origin: 'php-cgi', key: `${service?.key ?? ''}/${base}`, name: `${base} (${facts.user})`, user: facts.user };
};
