/** Restarts a program of supervisord by its XML-RPC. http://supervisord.org/api.html */
import type { Step } from '../../model/action.ts';
import { StanchError } from '../../model/errors.ts';
import { askLocal } from './localHttp.ts';
import type { StepRunner } from './step.ts';

/** It waits for the program to stop, `stopwaitsecs` long, and for its start. */
const timeoutMs = 120_000;

export const supervisord: StepRunner<Extract<Step, { do: 'supervisord' }>> = {
  async run({ socket, program }) {
    let stopError: unknown = null;
    try {
      const stopped = await ask(socket, 'supervisor.stopProcessGroup', program);
      if (/faultString/.test(stopped)) throw refused(program, stopped);
    } catch (error) {
      stopError = error;
    }
    // Whatever became of the stop, it must not stay stopped.
    const started = await ask(socket, 'supervisor.startProcessGroup', program);
    if (stopError !== null) throw stopError;
    if (/faultString/.test(started)) throw refused(program, started);
  },
  undo: null,
};

async function ask(socket: string, method: string, program: string): Promise<string> {
  const text = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params><param><value><string>${escaped(program)}</string></value></param></params></methodCall>`;
  const answer = await askLocal({
    manager: 'supervisord',
    socket,
    method: 'POST',
    path: '/RPC2',
    body: { type: 'text/xml', text },
    timeoutMs,
  });
  if (answer.status === 200) return answer.text;
  throw refused(program, `HTTP ${answer.status}`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function refused(program: string, answer: string): StanchError {
  const fault = /<string>([^<]{0,200})<\/string>/.exec(answer)?.[1] ?? answer.slice(0, 200);
  return new StanchError('STANCH_E_MANAGER', {
    expected: `supervisord to restart ${program}`,
    found: fault,
    next: 'See what it says: supervisorctl status',
  });
}
