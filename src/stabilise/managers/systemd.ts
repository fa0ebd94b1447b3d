import type { Manager } from './manager.ts';

/** A service of the system. What shares it with others is not restarted behind their back: the risk says so. */
export const systemd: Manager = (target, { hasSystemd }) => {
  if (!hasSystemd || target.unit === null) return null;
  const others = target.sharesUnitWith.slice(0, 3).join(', ');
  return {
    steps: [{ step: { do: 'unit', verb: 'restart', unit: target.unit }, text: `restart ${target.unit}` }],
    risk: others === '' ? 'It answers nobody until it is up again.' : `Restarts with it: ${others}.`,
  };
};
