import { formatBytes, formatDuration } from '../../../model/units.ts';
import { type Check, good, type ServiceFacts, unknown } from '../check.ts';

/** Of desktops and for devices that servers do not have. */
const seldomOfUse =
  /^(?:avahi-daemon|cups|cups-browsed|bluetooth|ModemManager|wpa_supplicant|rpcbind|nfs-blkmap|packagekit|colord|switcheroo-control|power-profiles-daemon|upower|whoopsie|speech-dispatcher|accounts-daemon)\.service$/;
/** Without them nobody gets in, or the server does not run. */
const neededAnyway = /^(?:ssh|sshd|systemd-.*|dbus|cron|crond|rsyslog|chrony|ntp|ntpsec|getty@.*|stanch)\.service$/;
const longEnoughMs = 86_400_000;
/** Less than this part of a CPU since it started. */
const idleShare = 0.00005;
const shown = 6;

export const unused: Check = {
  id: 'unused',
  title: 'No service that nothing uses',
  weight: 6,
  look({ hasSystemd, services, isRoot }) {
    if (!hasSystemd) return unknown('There is no systemd here to see services of.');
    const found = services.flatMap((service) => {
      const why = whyUnused(service);
      return why === null ? [] : [{ ...service, why }];
    });
    const blind = isRoot ? '' : ' Not root: who listens where could not be seen.';
    if (found.length === 0) return good(`None was found.${blind}`);
    return {
      state: 'warning',
      found: `${found
        .slice(0, shown)
        .map(({ unit, memoryBytes, why }) => `${unit}${memoryBytes === null ? '' : ` (${formatBytes(memoryBytes)})`}: ${why}`)
        .join('; ')}.${blind}`,
      fixes: found.slice(0, shown).map(({ unit }) => ({
        text: `Stop ${unit}, if you know that nobody needs it`,
        command: `systemctl disable --now ${unit}`,
        risk: 'stanch sees only this moment: what connects once a week was not here. Back with: systemctl enable --now.',
      })),
    };
  },
};

function whyUnused({ unit, running, enabled, ports, connections, cpuSeconds, runningMs }: ServiceFacts): string | null {
  if (neededAnyway.test(unit)) return null;
  if (seldomOfUse.test(unit))
    return running ? 'runs, and is seldom of use on a server' : enabled ? 'is enabled, and is seldom of use on a server' : null;
  if (!running || ports === null || ports.length === 0 || connections > 0) return null;
  if (cpuSeconds === null || runningMs === null || runningMs < longEnoughMs) return null;
  if (cpuSeconds / (runningMs / 1000) > idleShare) return null;
  return `listens at ${ports.slice(0, 3).join(', ')}, has no connection now, and used ${cpuSeconds.toFixed(1)} s of CPU in ${formatDuration(runningMs)}`;
}
