import { formatBytes } from '../../../model/units.ts';
import { type Check, good, sysctlCommand, unknown } from '../check.ts';

/** https://docs.kernel.org/mm/overcommit-accounting.html */
export const overcommit: Check = {
  id: 'overcommit',
  title: 'Overcommit',
  weight: 5,
  look({ sysctls, committedBytes, commitLimitBytes }) {
    const mode = sysctls.get('vm.overcommit_memory');
    if (mode === undefined) return unknown('It is not to be read.');
    const back = [
      {
        text: 'Let the kernel refuse what is obviously too much, and nothing else',
        command: sysctlCommand('vm.overcommit_memory', '0'),
        risk: 'Redis asks for 1 to save in the background: leave it then.',
      },
    ];
    if (mode === '1') {
      return {
        state: 'warning',
        found: 'vm.overcommit_memory is 1: no request for memory is ever refused; programs learn of the end by being killed.',
        fixes: back,
      };
    }
    if (mode !== '2') return good('vm.overcommit_memory is 0.');
    const share = committedBytes === null || commitLimitBytes === null || commitLimitBytes === 0 ? 0 : committedBytes / commitLimitBytes;
    if (share < 0.85) return good('vm.overcommit_memory is 2, with room left.');
    return {
      state: 'bad',
      found: `vm.overcommit_memory is 2, and ${formatBytes(committedBytes ?? 0)} of ${formatBytes(commitLimitBytes ?? 0)} are promised: soon fork and malloc fail, although memory is free.`,
      fixes: back,
    };
  },
};
