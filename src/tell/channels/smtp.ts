/**
 * The part of SMTP that submits one mail: RFC 5321, with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954). By hand, because the library for it
 * would cost the daemon 15 MB.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';

export interface Mail {
  host: string;
  port: number;
  security: 'starttls' | 'tls' | 'none';
  login: { user: string; password: string } | null;
  from: string;
  to: readonly string[];
  /** Headers and body in lines that end with CRLF. */
  text: string;
  signal: AbortSignal;
}

const maxReplyBytes = 65_536;

/** Resolves when the server has taken it; rejects with what it answered. */
export async function sendMail(mail: Mail): Promise<void> {
  const { host, port, security, signal } = mail;
  const tls = security === 'none' ? null : await import('node:tls');
  const identity = isIP(host) === 0 ? { servername: host } : {};
  let session = new Session(
    security === 'tls' && tls !== null ? tls.connect({ host, port, ...identity }) : connectPlain({ host, port }),
    signal,
  );
  try {
    await session.expect(220);
    let offers = await session.say(`EHLO ${ownName()}`, 250);
    if (security === 'starttls' && tls !== null) {
      if (!/^250[ -]STARTTLS/im.test(offers)) throw new Error('the server offers no STARTTLS: set security = "tls" or "none"');
      await session.say('STARTTLS', 220);
      session = new Session(tls.connect({ socket: session.release(), ...identity, host }), signal);
      offers = await session.say(`EHLO ${ownName()}`, 250);
    }
    await submit(session, mail);
  } finally {
    session.end();
  }
}

async function submit(session: Session, { login, from, to, text }: Mail): Promise<void> {
  if (login !== null)
    await session.say(`AUTH PLAIN ${Buffer.from(`\0${login.user}\0${login.password}`).toString('base64')}`, 235, 'AUTH PLAIN');
  await session.say(`MAIL FROM:<${from}>`, 250);
  for (const address of to) await session.say(`RCPT TO:<${address}>`, 250);
  await session.say('DATA', 354);
  // A line that is a single dot ends the mail.
  await session.say(`${text.replace(/^\./gm, '..')}.`, 250, 'the mail');
  await session.say('QUIT', 221);
}

function ownName(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, '-') || 'localhost';
}

/** Asks and waits for the whole answer, line by line. */
class Session {
  readonly #socket: Socket;
  #received = '';
  #failure: Error | null = null;
  #wake: (() => void) | null = null;
  readonly #signal: AbortSignal;
  readonly #onData = (chunk: Buffer) => {
    this.#received += chunk.toString('latin1');
    if (this.#received.length > maxReplyBytes) this.#fail(new Error('an answer without end'));
    this.#wake?.();
  };
  readonly #onAbort = () => this.#fail(new Error('no answer in time'));

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('data', this.#onData);
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server hung up')));
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** `shown` stands for the command in errors: a password is not to be seen in one. */
  async say(command: string, code: number, shown = command): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return this.expect(code, shown);
  }

  async expect(code: number, asked = 'connecting'): Promise<string> {
    const reply = await this.#reply();
    if (reply.startsWith(String(code))) return reply;
    throw new Error(`the server answered ${reply.trim().slice(0, 200)} to ${asked.slice(0, 100)}`);
  }

  async #reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.#received);
      if (match !== null) {
        this.#received = this.#received.slice(match[0].length);
        return match[0];
      }
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The bare socket, for TLS on top of it. What came in before is not to be believed: an attacker could have said it. */
  release(): Socket {
    this.#socket.removeAllListeners();
    this.#signal.removeEventListener('abort', this.#onAbort);
    return this.#socket;
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#wake?.();
  }
}
