import { type Check, dropInCommand, good, type ServiceFacts, unknown } from '../check.ts';

const login = /^(?:ssh|sshd)\.service$/;
const database = /^(?:mariadb|mysql|mysqld|postgresql(?:@.+)?|redis(?:-server)?|mongod)\.service$/;

/** The kernel ends the largest, which is often the database; and without ssh nobody can help. */
export const vital: Check = {
  id: 'vital',
  title: 'Login and databases are not the first to be killed',
  weight: 12,
  look({ hasSystemd, services }) {
    if (!hasSystemd) return unknown('There is no systemd here to see services of.');
    const vitals = services.filter(({ unit, running }) => running && (login.test(unit) || database.test(unit)));
    if (vitals.length === 0) return good('Neither sshd nor a known database runs here.');
    const open = vitals.filter((service) => !isProtected(service));
    if (open.length === 0) return good(`${vitals.map(({ unit }) => unit).join(', ')} are protected.`);
    return {
      state: open.some(({ unit }) => database.test(unit)) ? 'bad' : 'warning',
      found: `${open.map(({ unit, oomScoreAdj }) => `${unit} (OOM score adjustment ${oomScoreAdj ?? 0})`).join(', ')} can be killed before what leaks.`,
      fixes: open.map(({ unit }) => ({
        text: `Protect ${unit}`,
        command: `stanch do protect ${unit.replace(/\.service$/, '')}   # or: ${dropInCommand(unit, [`OOMScoreAdjust=${login.test(unit) ? -900 : -600}`])}`,
        risk: 'If it is the one that leaks, others are killed first. The drop-in is in force after its next restart.',
      })),
    };
  },
};

function isProtected({ oomScoreAdj }: ServiceFacts): boolean {
  return oomScoreAdj !== null && oomScoreAdj <= -400;
}
