import { StanchError } from '../model/errors.ts';
import type { Systemd } from './systemd/systemd.ts';

/** A systemd that writes down what it was asked, and refuses what it is told to; all units are loaded, but for those of `states`. */
export function fakeSystemd(refuses: string[] = [], states: Readonly<Record<string, string>> = {}): { systemd: Systemd; asked: string[] } {
  const asked: string[] = [];
  const say = async (word: string) => {
    asked.push(word);
    if (refuses.includes(word)) throw new StanchError('STANCH_E_UNIT', { expected: word, found: 'no', next: '' });
  };
  const systemd: Systemd = {
    restart: (unit) => say(`restart ${unit}`),
    reloadUnit: (unit) => say(`reload ${unit}`),
    stop: (unit) => say(`stop ${unit}`),
    freeze: (unit) => say(`freeze ${unit}`),
    thaw: (unit) => say(`thaw ${unit}`),
    reload: () => say('daemon-reload'),
    startScope: ({ scope, slice, pids }) => say(`scope ${scope} in ${slice}: ${pids.join(' ')}`),
    activeState: async () => 'active',
    hasJob: async () => false,
    loadState: async (unit) => {
      await say(`look at ${unit}`);
      return states[unit] ?? 'loaded';
    },
  };
  return { systemd, asked };
}
