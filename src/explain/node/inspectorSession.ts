/** One conversation with the inspector of a Node process, over its WebSocket on loopback. */
import { StanchError } from '../../model/errors.ts';
import { parseSamplingProfile, type SamplingNode, valueAt } from './samplingProfile.ts';

const answerPatienceMs = 10_000;
const mostAnswerCharacters = 64 << 20;

export class InspectorSession {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(String(data)));
  }

  /** Null of what is no inspector. */
  static async open(port: number): Promise<InspectorSession | null> {
    try {
      const signal = AbortSignal.timeout(answerPatienceMs);
      const targets: unknown = await (await fetch(`http://127.0.0.1:${port}/json/list`, { signal })).json();
      const path = /ws:\/\/[^/"]+(\/[\w-]+)/.exec(JSON.stringify(targets))?.[1];
      if (path === undefined) return null;
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      await new Promise((resolve, reject) => {
        socket.addEventListener('open', resolve, { once: true });
        socket.addEventListener('error', () => reject(new TypeError('no WebSocket')), { once: true });
      });
      return new InspectorSession(socket);
    } catch (error) {
      // Refused, no HTTP, no JSON: another program's port.
      if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException) return null;
      throw error;
    }
  }

  #hear(text: string): void {
    if (text.length > mostAnswerCharacters) return;
    const answer: unknown = JSON.parse(text);
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

function unanswered(method: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `the inspector to answer ${method}`,
    found,
    next: 'Its event loop may be busy: try again.',
  });
}
