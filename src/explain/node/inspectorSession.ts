/** One conversation with the inspector of a Node process, over its WebSocket on loopback. */
import { once } from 'node:events';
import { StanchError } from '../../model/errors.ts';
import { parseSamplingProfile, type SamplingNode, valueAt } from './samplingProfile.ts';

const answerPatienceMs = 10_000;
const mostAnswerCharacters = 64 << 20;
const mostListCharacters = 1 << 20;

export class InspectorSession {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(String(data)));
  }

  /** Null of what is no inspector, or does not answer in time. */
  static async open(port: number): Promise<InspectorSession | null> {
    // A timer that the event loop knows of: what a process leaves unanswered that ends meanwhile may be collected with the signal that waits for it.
    const patience = new AbortController();
    const late = setTimeout(() => patience.abort(), answerPatienceMs);
    const given = once(patience.signal, 'abort').then(() => null);
    try {
      return await Promise.race([InspectorSession.#connect(port, patience.signal), given]);
    } finally {
      clearTimeout(late);
    }
  }

  static async #connect(port: number, signal: AbortSignal): Promise<InspectorSession | null> {
    try {
      const path = /ws:\/\/[^/"]+(\/[\w-]+)/.exec(await listOf(port, signal))?.[1];
      if (path === undefined) return null;
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      try {
        await new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve, { once: true });
          socket.addEventListener('error', () => reject(new TypeError('no WebSocket')), { once: true });
          signal.addEventListener('abort', () => reject(new TypeError('no WebSocket in time')), { once: true });
        });
      } catch (error) {
        socket.close();
        throw error;
      }
      return new InspectorSession(socket);
    } catch (error) {
      // Refused, no HTTP, not in time: another program's port.
      if (error instanceof TypeError || error instanceof DOMException) return null;
      throw error;
    }
  }

  #hear(text: string): void {
    if (text.length > mostAnswerCharacters) return;
    const answer = parsed(text);
    const id = valueAt(answer, 'id');
    if (typeof id !== 'number') {
      this.#listeners.get(String(valueAt(answer, 'method')))?.(valueAt(answer, 'params'));
      return;
    }
    this.#waiting.get(id)?.(answer);
  }

  /** What it says without being asked. */
  on(method: string, hear: (params: unknown) => void): void {
    this.#listeners.set(method, hear);
  }

  /** Errors: STANCH_E_NOT_POSSIBLE without an answer in time, or where the conversation ends before. */
  async ask(method: string, params: object, patienceMs: number = answerPatienceMs): Promise<unknown> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw unanswered(method, 'that it closed');
    this.#asked += 1;
    const id = this.#asked;
    return await new Promise((resolve, reject) => {
      const onClose = () => settle(() => reject(unanswered(method, 'that it closed')));
      const late = setTimeout(() => settle(() => reject(unanswered(method, `nothing in ${patienceMs / 1000} s`))), patienceMs);
      const settle = (end: () => void) => {
        clearTimeout(late);
        this.#waiting.delete(id);
        this.#socket.removeEventListener('close', onClose);
        end();
      };
      this.#socket.addEventListener('close', onClose);
      this.#waiting.set(id, (answer) => settle(() => resolve(valueAt(answer, 'result'))));
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Without waiting for an answer. */
  tell(method: string, params: object): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#asked += 1;
    this.#socket.send(JSON.stringify({ id: this.#asked, method, params }));
  }

  async evaluate(expression: string): Promise<unknown> {
    const result = await this.ask('Runtime.evaluate', { expression, returnByValue: true, includeCommandLineAPI: true });
    return valueAt(valueAt(result, 'result'), 'value');
  }

  async profile(): Promise<SamplingNode> {
    return parseSamplingProfile(valueAt(await this.ask('HeapProfiler.getSamplingProfile', {}), 'profile'));
  }

  close(): void {
    this.#socket.close();
  }
}

/** What is to be talked to, at most a few pages of it. */
async function listOf(port: number, signal: AbortSignal): Promise<string> {
  const { body } = await fetch(`http://127.0.0.1:${port}/json/list`, { signal });
  let text = '';
  for await (const part of body ?? []) {
    text += Buffer.from(part).toString('latin1');
    if (text.length > mostListCharacters) return '';
  }
  return text;
}

/** Null of what is no JSON: nobody who is asked says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function unanswered(method: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `the inspector to answer ${method}`,
    found,
    next: 'Its event loop may be busy: try again.',
  });
}
