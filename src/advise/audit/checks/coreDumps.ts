import { type Check, good, unknown } from '../check.ts';

/** A process of some GiB that crashes writes them to disk at the worst moment. */
export const coreDumps: Check = {
  id: 'core-dumps',
  title: 'Core dumps do not fill the disk',
  weight: 3,
  look({ sysctls, coredump }) {
    const pattern = sysctls.get('kernel.core_pattern');
    if (pattern === undefined) return unknown('kernel.core_pattern is not to be read.');
    if (!pattern.includes('systemd-coredump')) {
      if (pattern.startsWith('|')) return good(`They go to ${pattern.slice(1).split(' ')[0]}.`);
      return good('They go to files, which the usual limit of 0 (ulimit -c) prevents.');
    }
    if (coredump.get('Coredump.Storage') === 'none' || coredump.has('Coredump.MaxUse'))
      return good('systemd-coredump keeps within bounds.');
    return {
      state: 'warning',
      found: 'systemd-coredump keeps up to 10 % of the disk, and one dump may have 32 GiB.',
      fixes: [
        {
          text: 'Keep at most 1 GiB of them',
          command:
            "mkdir -p /etc/systemd/coredump.conf.d && printf '[Coredump]\\nMaxUse=1G\\nProcessSizeMax=1G\\n' > /etc/systemd/coredump.conf.d/50-stanch.conf",
          risk: 'Crashes of larger processes leave no dump to look into.',
        },
      ],
    };
  },
};
