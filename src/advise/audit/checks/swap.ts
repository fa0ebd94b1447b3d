import { formatBytes } from '../../../model/units.ts';
import { type Check, good, unknown } from '../check.ts';

const GiB = 1024 ** 3;

/** None: memory ends at once. Too much: a leak fills it for half an hour, in which nobody can log in. */
export const swap: Check = {
  id: 'swap',
  title: 'Swap of the right size',
  weight: 10,
  look({ memTotalBytes, swapTotalBytes, swapOnZram }) {
    if (memTotalBytes === null || swapTotalBytes === null) return unknown('Its size is not to be read.');
    const wanted = Math.min(4 * GiB, Math.max(GiB, Math.round(memTotalBytes / 4 / GiB) * GiB));
    const size = `${wanted / GiB}G`;
    if (swapTotalBytes === 0) {
      return {
        state: 'warning',
        found: 'There is none: what is never used stays in RAM, and the first shortage ends a process.',
        fixes: [
          {
            text: `Add ${size} of swap`,
            command: `fallocate -l ${size} /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile && echo '/swapfile none swap sw 0 0' >> /etc/fstab`,
            risk: 'A leak fills it before it is ended, and slows the server while it does: set limits as well. Not on btrfs, nor without room on the disk.',
          },
        ],
      };
    }
    const most = Math.max(2 * memTotalBytes, 8 * GiB);
    if (swapTotalBytes <= most || swapOnZram) return good(`${formatBytes(swapTotalBytes)} beside ${formatBytes(memTotalBytes)} of RAM.`);
    return {
      state: 'warning',
      found: `${formatBytes(swapTotalBytes)} beside ${formatBytes(memTotalBytes)} of RAM: a leak can fill it for a long time, and the server crawls meanwhile.`,
      fixes: [
        {
          text: 'Keep leaks out of it, service by service',
          command: 'stanch advise',
          risk: 'None by itself: it shows limits with MemorySwapMax, and sets nothing.',
        },
      ],
    };
  },
};
