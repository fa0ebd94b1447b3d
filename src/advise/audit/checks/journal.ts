import { formatBytes } from '../../../model/units.ts';
import { unitBytes } from '../../unitFiles.ts';
import { type Check, good, unknown } from '../check.ts';

/** https://www.freedesktop.org/software/systemd/man/latest/journald.conf.html */
export const journal: Check = {
  id: 'journal',
  title: 'The journal keeps within bounds',
  weight: 4,
  look({ hasSystemd, journald, journalOnDisk, memTotalBytes }) {
    if (!hasSystemd) return unknown('There is no systemd here.');
    const storage = journald.get('Journal.Storage') ?? 'auto';
    const inRam = storage === 'volatile' || (storage === 'auto' && !journalOnDisk);
    const key = inRam ? 'RuntimeMaxUse' : 'SystemMaxUse';
    const limit = unitBytes(journald.get(`Journal.${key}`) ?? null, null);
    const fix = (size: string, risk: string) => [
      {
        text: `At most ${size}`,
        command: `mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\n${key}=${size}\\n' > /etc/systemd/journald.conf.d/50-stanch.conf && systemctl restart systemd-journald`,
        risk,
      },
    ];
    if (inRam) {
      if (limit !== null && memTotalBytes !== null && limit <= memTotalBytes * 0.05) return good(`In RAM, at most ${formatBytes(limit)}.`);
      return {
        state: 'warning',
        found: `It is kept in RAM (/run)${limit === null ? ' without a limit of its own' : `, up to ${formatBytes(limit)}`}, and is gone after a reboot.`,
        fixes: fix('64M', 'Older messages are dropped earlier.'),
      };
    }
    if (limit !== null) return good(`On disk, at most ${formatBytes(limit)}.`);
    return {
      state: 'warning',
      found: 'On disk, without SystemMaxUse: up to 10 % of it, at most 4 GiB.',
      fixes: fix('500M', 'Older messages are dropped earlier.'),
    };
  },
};
