/** Restarts a container of Docker or Podman over their common API. https://docs.docker.com/reference/api/engine/ */
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { askLocal } from './localHttp.ts';
import type { StepRunner } from './step.ts';

export const container: StepRunner<Extract<Step, { do: 'container' }>> = {
  async run({ socket, id, graceS }) {
    const path = `/containers/${encodeURIComponent(id)}/restart?t=${graceS}`;
    const answer = await askLocal({ manager: 'the container engine', socket, method: 'POST', path, timeoutMs: (graceS + 30) * 1000 });
    if (answer.status === 204) return;
    throw new StanchError('STANCH_E_MANAGER', {
      expected: `the container ${id.slice(0, 12)} to be restarted`,
      found: `HTTP ${answer.status} ${answer.text.slice(0, 200)}`,
      next: 'See what runs: docker ps, podman ps',
    });
  },
  undo: null,
};
