import { type Check, good, sysctlCommand, unknown } from '../check.ts';

export const panicOnOom: Check = {
  id: 'panic-on-oom',
  title: 'Running out of memory ends a process, not the server',
  weight: 6,
  look({ sysctls }) {
    const value = sysctls.get('vm.panic_on_oom');
    if (value === undefined) return unknown('It is not to be read.');
    if (value === '0') return good('vm.panic_on_oom is 0.');
    return {
      state: 'bad',
      found: `vm.panic_on_oom is ${value}: the whole server stops when memory ends.`,
      fixes: [
        {
          text: 'End a process instead',
          command: sysctlCommand('vm.panic_on_oom', '0'),
          risk: 'A cluster that fences its nodes may want the panic.',
        },
      ],
    };
  },
};
