/** supervisord by its socket. The name of the program is that of the workload: `supervisord: web (deploy)`. */
import { existsSync } from 'node:fs';
import type { Manager } from './manager.ts';

const sockets = ['/run/supervisor.sock', '/var/run/supervisor.sock', '/var/run/supervisor/supervisor.sock', '/tmp/supervisor.sock'];

export const supervisord: Manager = (target) => {
  if (target.subject.origin !== 'supervisord') return null;
  const program = /^supervisord: ([\w.-]{1,100}) \(/.exec(target.subject.name)?.[1];
  const socket = sockets.find((candidate) => existsSync(candidate));
  if (program === undefined || socket === undefined) return null;
  return {
    steps: [{ step: { do: 'supervisord', socket, program }, text: `supervisord: stop and start ${program}` }],
    risk: 'It answers nobody until it is up again.',
  };
};
