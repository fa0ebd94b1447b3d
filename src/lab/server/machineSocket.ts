/** Talks lines of JSON with QEMU's monitor and with the agent in the guest. */
import { connect, type Socket } from 'node:net';

type Answer = { return?: unknown; error?: { desc?: string }; event?: string; QMP?: unknown };

export class MachineSocket {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  #received = '';
  #sync: number | null = null;

  static open(path: string): Promise<MachineSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new MachineSocket(socket)));
      socket.once('error', reject);
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => this.#take(piece));
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
  }

  send(execute: string, parameters?: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute, ...(parameters === undefined ? {} : { arguments: parameters }) })}\n`);
    });
  }

  /** Answers that were meant for an earlier client of the agent are passed over. */
  async synchronise(): Promise<void> {
    this.#sync = Math.floor(Math.random() * 1e9);
    this.#socket.write(Buffer.from([0xff]));
    await this.send('guest-sync', { id: this.#sync });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(piece: string): void {
    this.#received += piece;
    for (let end = this.#received.indexOf('\n'); end >= 0; end = this.#received.indexOf('\n')) {
      const line = this.#received.slice(0, end).replace(/^[^{]*/, '');
      this.#received = this.#received.slice(end + 1);
      if (line !== '') this.#settle(JSON.parse(line));
    }
  }

  #settle(answer: Answer): void {
    if (answer.event !== undefined || answer.QMP !== undefined) return;
    if (this.#sync !== null) {
      if (answer.return !== this.#sync) return;
      this.#sync = null;
    }
    const first = this.#waiting.shift();
    if (answer.error !== undefined) first?.reject(new Error(answer.error.desc ?? 'refused'));
    else first?.resolve(answer.return);
  }

  #end(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the machine hung up'));
  }
}
