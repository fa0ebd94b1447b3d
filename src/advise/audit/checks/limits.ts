import { formatBytes } from '../../../model/units.ts';
import { unitBytes, unitValue } from '../../unitFiles.ts';
import { type Check, good, unknown } from '../check.ts';

/** What belongs to the system itself is not limited lightly. */
const ofTheSystem = /^(?:systemd-|dbus|getty@|serial-getty@|user@|init|stanch|ssh|polkit|NetworkManager|networking|udev)/;
const largeShare = 0.05;
const shown = 5;

export const limits: Check = {
  id: 'limits',
  title: 'Services with a memory limit of their own',
  weight: 15,
  look({ hasSystemd, services, memTotalBytes }) {
    if (!hasSystemd) return unknown('There is no systemd here: stanch looks for limits of containers only in stanch where.');
    const running = services.filter(({ running: runs, unit }) => runs && !ofTheSystem.test(unit));
    if (running.length === 0) return good('No service runs that needs one.');
    const without = running
      .filter(
        ({ config, memoryMaxBytes }) =>
          memoryMaxBytes === null && unitBytes(unitValue(config, 'Service.MemoryMax'), memTotalBytes) === null,
      )
      .sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
    if (without.length === 0) return good(`All ${running.length} services that run have one.`);
    const large = without.filter(({ memoryBytes }) => memTotalBytes !== null && (memoryBytes ?? 0) > memTotalBytes * largeShare);
    const names = without
      .slice(0, shown)
      .map(({ unit, memoryBytes }) => `${unit}${memoryBytes === null ? '' : ` (${formatBytes(memoryBytes)})`}`)
      .join(', ');
    return {
      state: large.length > 0 ? 'bad' : 'warning',
      found: `${without.length} of ${running.length} have none: ${names}${without.length > shown ? ', …' : ''}. A fault in one takes all.`,
      fixes: (large.length > 0 ? large : without).slice(0, shown).map(({ unit }) => ({
        text: `Have a limit for ${unit} worked out from its history`,
        command: `stanch advise ${unit}`,
        risk: 'None: it shows the limit with its arithmetic, and sets nothing. A limit that is too low ends a healthy service.',
      })),
    };
  },
};
