import { type Check, good, unknown } from '../check.ts';

/** https://docs.kernel.org/admin-guide/mm/transhuge.html */
export const hugePages: Check = {
  id: 'huge-pages',
  title: 'Transparent huge pages',
  weight: 2,
  look({ transparentHugePages, services }) {
    if (transparentHugePages === null) return unknown('This kernel has none, or they are not to be seen.');
    if (transparentHugePages !== 'always') return good(`They are set to ${transparentHugePages}.`);
    const database = services.find(({ unit, running }) => running && /^(?:redis(?:-server)?|mongod)\.service$/.test(unit));
    if (database === undefined) return good('They are set to always, and nothing runs here that is known to suffer from it.');
    return {
      state: 'warning',
      found: `They are set to always, and ${database.unit} takes more memory than it uses with them.`,
      fixes: [
        {
          text: 'Only for those who ask',
          command: 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
          risk: 'Programs with large heaps may slow down by some per cent. Until the next reboot: transparent_hugepage=madvise on the kernel command line makes it last.',
        },
      ],
    };
  },
};
