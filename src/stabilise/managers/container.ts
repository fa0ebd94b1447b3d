/** Docker and Podman, by their sockets. The container is the one whose cgroup the processes are in. */
import { existsSync } from 'node:fs';
import type { Manager } from './manager.ts';

const engines = [
  { path: /\/docker[/-]([0-9a-f]{64})/, sockets: ['/run/docker.sock', '/var/run/docker.sock'], name: 'Docker' },
  { path: /\/libpod-([0-9a-f]{64})/, sockets: ['/run/podman/podman.sock'], name: 'Podman' },
] as const;
const graceS = 10;

export const container: Manager = (target) => {
  if (target.subject.origin !== 'container') return null;
  const cgroup = target.processes[0]?.cgroup ?? '';
  for (const { path, sockets, name } of engines) {
    const id = path.exec(cgroup)?.[1];
    const socket = sockets.find((candidate) => existsSync(candidate));
    if (id === undefined || socket === undefined) continue;
    const text = `${name}: restart the container ${id.slice(0, 12)}, with ${graceS} s to end by itself`;
    return {
      steps: [{ step: { do: 'container', socket, id, graceS }, text }],
      risk: 'What it wrote outside of volumes stays; what it held in memory is lost.',
    };
  }
  return null;
};
