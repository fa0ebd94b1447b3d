/** A line of JSON asks, a line of JSON answers: QEMU's monitor (QMP) and the agent inside the guest. One request at a time. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';

const answerSchema = v.union([v.object({ return: v.unknown() }), v.object({ error: v.object({ desc: v.string() }) })]);
type Answer = v.InferOutput<typeof answerSchema>;

export class JsonSocket {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #buffer = '';
  #waiting: { taken: (answer: Answer) => boolean; fail: (error: Error) => void } | null = null;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the virtual machine closed the connection')));
  }

  /** Tries again until somebody listens. */
  static async open(path: string, timeoutMs: number): Promise<JsonSocket> {
    for (const endMs = performance.now() + 10_000; ; await wait(25)) {
      const socket = connect(path);
      const failure = await new Promise<Error | null>((resolve) => {
        socket.once('connect', () => resolve(null));
        socket.once('error', resolve);
      });
      if (failure === null) return new JsonSocket(socket, timeoutMs);
      if (performance.now() > endMs) throw failure;
    }
  }

  /** `expected`: an answer to somebody who asked earlier and is gone is passed over. */
  send<T extends v.GenericSchema>(command: string, args: object, schema: T, expected?: number): Promise<v.InferOutput<T>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error(`${command}: no answer within ${this.#timeoutMs} ms`)), this.#timeoutMs);
      const taken = (answer: Answer): boolean => {
        if (expected !== undefined && !('return' in answer && answer.return === expected)) return false;
        clearTimeout(timer);
        if ('error' in answer) reject(new Error(`${command}: ${answer.error.desc}`));
        else {
          const parsed = v.safeParse(schema, answer.return);
          if (parsed.success) resolve(parsed.output);
          else reject(new Error(`${command}: unexpected answer ${JSON.stringify(answer.return)}`));
        }
        return true;
      };
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      this.#waiting = { taken, fail };
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** The agent throws away what it has half read. */
  resetPeer(): void {
    this.#socket.write(Buffer.from([0xff]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#buffer += text;
    for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
      const line = this.#buffer.slice(this.#buffer.indexOf('{'), end);
      this.#buffer = this.#buffer.slice(end + 1);
      const answer = parseAnswer(line);
      if (answer !== null && this.#waiting?.taken(answer)) this.#waiting = null;
    }
  }

  #fail(error: Error): void {
    this.#waiting?.fail(error);
    this.#waiting = null;
    this.#socket.destroy();
  }
}

/** null: an event, the greeting, or the rest of a line. */
function parseAnswer(line: string): Answer | null {
  try {
    const answer = v.safeParse(answerSchema, JSON.parse(line));
    return answer.success ? answer.output : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
