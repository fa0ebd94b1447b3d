/** Apache and LiteSpeed let their children finish what they serve, and start new ones. https://httpd.apache.org/docs/2.4/stopping.html */
import type { Manager } from './manager.ts';
import { masterOf } from './masterOf.ts';

const known = /^(?:apache2|httpd|lsws|lshttpd|openlitespeed|litespeed)(?:@[\w.-]+)?\.service$/;

export const apache: Manager = (target, { hasSystemd }) => {
  const { origin } = target.subject;
  const isServer = origin === 'apache' || origin === 'litespeed' || (target.unit !== null && known.test(target.unit));
  if (!isServer) return null;
  if (hasSystemd && target.unit !== null) {
    const step = {
      step: { do: 'unit' as const, verb: 'reload' as const, unit: target.unit },
      text: `reload ${target.unit} gracefully: its children end when they have answered`,
    };
    return { steps: [step], risk: null };
  }
  const master = masterOf(target);
  if (master === null) return null;
  const step = {
    step: { do: 'signal' as const, process: master, signal: 'SIGUSR1' as const },
    text: `SIGUSR1 to the master ${master.pid}: its children end when they have answered`,
  };
  return { steps: [step], risk: null };
};
