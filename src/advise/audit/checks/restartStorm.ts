import { unitValue } from '../../unitFiles.ts';
import { type Check, dropInCommand, good, unknown } from '../check.ts';

const web = /^(?:nginx|apache2|httpd|php[\d.]*-fpm|mariadb|mysql|postgresql(?:@.+)?|redis(?:-server)?|ssh|sshd)\.service$/;

/** After the OOM killer, php-fpm ended as failed and was not started again: 502 for ever. */
export const restartStorm: Check = {
  id: 'comes-back',
  title: 'What is killed comes back',
  weight: 6,
  look({ hasSystemd, services }) {
    if (!hasSystemd) return unknown('There is no systemd here.');
    const running = services.filter(({ unit, running: runs }) => runs && web.test(unit));
    if (running.length === 0) return good('No known web server or database runs here.');
    const stay = running.filter(({ config }) => (unitValue(config, 'Service.Restart') ?? 'no') === 'no');
    if (stay.length === 0) return good(`${running.length} services that matter are started again when they end.`);
    return {
      state: 'warning',
      found: `${stay.map(({ unit }) => unit).join(', ')} stay down once they are killed (Restart=no).`,
      fixes: stay.map(({ unit }) => ({
        text: `Start ${unit} again when it fails`,
        command: dropInCommand(unit, ['Restart=on-failure', 'RestartSec=5s']),
        risk: 'A service that fails at once is tried five times in ten seconds, and then left.',
      })),
    };
  },
};
