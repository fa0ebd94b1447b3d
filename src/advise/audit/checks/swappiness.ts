import { type Check, good, sysctlCommand, unknown } from '../check.ts';

/** https://docs.kernel.org/admin-guide/sysctl/vm.html#swappiness */
export const swappiness: Check = {
  id: 'swappiness',
  title: 'Swappiness',
  weight: 3,
  look({ sysctls, swapTotalBytes, swapOnZram }) {
    const value = Number(sysctls.get('vm.swappiness') ?? Number.NaN);
    if (Number.isNaN(value)) return unknown('It is not to be read.');
    if (swapTotalBytes === 0) return good(`vm.swappiness is ${value}; there is no swap.`);
    const fix = (wanted: string, risk: string) => [{ text: `Set it to ${wanted}`, command: sysctlCommand('vm.swappiness', wanted), risk }];
    if (value === 0) {
      return {
        state: 'warning',
        found: 'vm.swappiness is 0: processes are swapped out only when hardly any file is cached, and are ended sooner.',
        fixes: fix('10', 'Some of what rests is swapped out earlier.'),
      };
    }
    if (value > 100 && !swapOnZram) {
      return {
        state: 'warning',
        found: `vm.swappiness is ${value}, which is meant for swap in RAM (zram), and this one is on disk.`,
        fixes: fix('60', 'Caches of files give way earlier.'),
      };
    }
    return good(`vm.swappiness is ${value}.`);
  },
};
