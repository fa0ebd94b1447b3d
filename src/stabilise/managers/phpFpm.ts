/** PHP-FPM replaces all workers of all its pools when it is reloaded, and takes requests meanwhile. https://www.php.net/manual/en/install.fpm.php */
import type { Manager } from './manager.ts';
import { masterOf } from './masterOf.ts';

export const phpFpm: Manager = (target, { hasSystemd }) => {
  if (target.subject.origin !== 'php-fpm-pool') return null;
  const others = target.sharesUnitWith.length === 0 ? '' : ' The other pools of the same master are reloaded with it.';
  const risk = `Requests that run are cut off unless process_control_timeout is set.${others}`;
  if (hasSystemd && target.unit !== null) {
    return {
      steps: [{ step: { do: 'unit', verb: 'reload', unit: target.unit }, text: `reload ${target.unit}: its workers are replaced` }],
      risk,
    };
  }
  const master = masterOf(target);
  return master === null
    ? null
    : {
        steps: [
          {
            step: { do: 'signal', process: master, signal: 'SIGUSR2' },
            text: `SIGUSR2 to the master ${master.pid}: its workers are replaced`,
          },
        ],
        risk,
      };
};
