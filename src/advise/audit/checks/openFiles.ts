import { type Check, dropInCommand, good, unknown } from '../check.ts';

const nearRatio = 0.5;

export const openFiles: Check = {
  id: 'open-files',
  title: 'Room for open files',
  weight: 5,
  look({ services, sysctls }) {
    const [used, , most] = (sysctls.get('fs.file-nr') ?? '').split(/\s+/).map(Number);
    if (used !== undefined && most !== undefined && most > 0 && used / most > nearRatio) {
      return {
        state: 'bad',
        found: `${used} of ${most} open files of the whole server are used.`,
        fixes: [{ text: 'Find who holds them', command: 'stanch top', risk: 'None. Raising fs.file-max feeds a leak.' }],
      };
    }
    const seen = services.filter(({ openFiles: files }) => files !== null);
    if (seen.length === 0) return unknown('Open files of services are not to be seen.');
    const near = seen.filter(({ openFiles: files }) => files !== null && files.used / files.limit > nearRatio);
    if (near.length === 0) return good('Every service has at least half of its open files left.');
    return {
      state: 'bad',
      found: near.map(({ unit, openFiles: files }) => `${unit} has ${files?.used} of ${files?.limit} open`).join('; '),
      fixes: near.map(({ unit, openFiles: files }) => ({
        text: `More for ${unit}, unless it leaks them: stanch why ${unit}`,
        command: dropInCommand(unit, [`LimitNOFILE=${2 ** Math.ceil(Math.log2((files?.used ?? 256) * 4))}`]),
        risk: 'A leak of open files gets more to leak into. In force after its next restart.',
      })),
    };
  },
};
