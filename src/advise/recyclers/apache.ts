/** Apache: MaxConnectionsPerChild. https://httpd.apache.org/docs/2.4/mod/mpm_common.html#maxconnectionsperchild */
import type { Recommendation } from '../../model/advice.ts';
import type { Measurements } from '../measurements.ts';
import { recyclingAdvice } from '../recycling.ts';

export function apache(measured: Measurements): Recommendation[] {
  const { subject, unit, processes } = measured;
  const name = /^(apache2|httpd)\.service$/.exec(unit?.name ?? '')?.[1];
  if (subject.origin !== 'apache' && name === undefined) return [];
  const isDebian = name !== 'httpd';
  const path = isDebian ? '/etc/apache2/conf-enabled/90-stanch.conf' : '/etc/httpd/conf.d/90-stanch.conf';
  const advice = recyclingAdvice(measured, Math.max(1, processes.count - 1), {
    id: 'max-connections-per-child',
    title: 'Replace the workers of Apache before they are too large',
    directive: 'MaxConnectionsPerChild',
    now: null,
    line: (value) => `MaxConnectionsPerChild ${value}`,
    place: path,
    apply: [isDebian ? 'apachectl configtest' : 'httpd -t', `systemctl reload ${name ?? 'apache2'}`],
  });
  if (advice === null) return [];
  if (advice.settings[0]?.advised === 'N') return [advice];
  const change = { path, before: measured.existing(path), after: `# Written by stanch\n${advice.line}\n` };
  return [
    {
      ...advice,
      change,
      inForce: [{ do: 'unit', verb: 'reload', unit: `${name ?? 'apache2'}.service` }],
      undo: [`rm ${path}`, ...advice.apply],
    },
  ];
}
