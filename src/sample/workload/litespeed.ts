/** LiteSpeed and OpenLiteSpeed where no unit holds them, by the titles of their processes: `openlitespeed (lshttpd - main)`, `litespeed (lscgid)`. */
import type { WorkloadRule } from './workloadRule.ts';

const serverTitle = /^((?:open)?litespeed) \((?:lshttpd|lscgid)/;

export const litespeed: WorkloadRule = (facts) => {
  const product = serverTitle.exec(facts.argv[0] ?? '')?.[1];
  return product === undefined ? null : { origin: 'litespeed', key: product, name: product };
};
