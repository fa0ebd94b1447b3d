/** One question to one service: connects, waits for its first words, and hangs up as the protocol wants it. */
import { connect, type Socket } from 'node:net';
import type { ProbeKind, ProbeResult, ProbeTarget } from '../../model/probe.ts';
import { formatMs } from '../../model/units.ts';

/** A greeting or a status line is short; what is longer is none. */
const maxAnswerBytes = 4096;

interface Talk {
  /** Sent as soon as the connection stands. */
  ask(target: ProbeTarget): string;
  /** Null: not enough came yet; else why the answer does not count, or `ok`. */
  judge(text: string): string | null;
  /** Sent before hanging up. */
  goodbye: string;
}

const talks: Record<Exclude<ProbeKind, 'tcp'>, Talk> = {
  // With a name of one's own sshd logs a closed connection, without one an error.
  ssh: { ask: () => 'SSH-2.0-stanch\r\n', judge: (text) => greeting(text, /^SSH-/m), goodbye: '' },
  ftp: { ask: () => '', judge: (text) => greeting(text, /^[12]\d\d[ -]/), goodbye: 'QUIT\r\n' },
  http: { ask: httpRequest, judge: httpAnswer, goodbye: '' },
};

function greeting(text: string, wanted: RegExp): string | null {
  if (wanted.test(text)) return 'ok';
  return text.includes('\n') ? `answered ${firstWords(text)}` : null;
}

function httpRequest({ host, port, path }: ProbeTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `GET ${path} HTTP/1.1\r\nHost: ${name}:${port}\r\nUser-Agent: stanch-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
}

/** A page that is not there or not allowed is an answer; a server that can't make one is none. */
function httpAnswer(text: string): string | null {
  if (!text.includes('\n')) return null;
  const status = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(text)?.[1];
  if (status === undefined) return `answered ${firstWords(text)}`;
  return status.startsWith('5') ? `answered ${status}` : 'ok';
}

function firstWords(text: string): string {
  return JSON.stringify((text.split('\n', 1)[0] ?? '').trim().slice(0, 40));
}

/** Never rejects; ends within `timeoutMs`, or at once when `signal` says so. */
export function askService(target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const atMs = Date.now();
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port });
    const finish = (failure: string | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      hangUp(socket, target, failure === null);
      resolve({ atMs, latencyMs: failure === null ? performance.now() - startedMs : null, failure });
    };
    const timer = setTimeout(() => finish(`no answer within ${formatMs(timeoutMs)}`), timeoutMs);
    const onAbort = () => finish('stopped');
    signal.addEventListener('abort', onAbort);
    socket.on('error', (error: NodeJS.ErrnoException) => finish(failureOf(error)));
    talk(socket, target, finish);
  });
}

function talk(socket: Socket, target: ProbeTarget, finish: (failure: string | null) => void): void {
  if (target.kind === 'tcp') {
    socket.once('connect', () => finish(null));
    return;
  }
  const { ask, judge } = talks[target.kind];
  let text = '';
  socket.once('connect', () => socket.write(ask(target)));
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1', 0, maxAnswerBytes - text.length);
    const verdict = judge(text) ?? (text.length >= maxAnswerBytes ? 'answered without an end' : null);
    if (verdict !== null) finish(verdict === 'ok' ? null : verdict);
  });
  socket.once('end', () => finish('closed without an answer'));
}

function hangUp(socket: Socket, { kind }: ProbeTarget, answered: boolean): void {
  socket.removeAllListeners();
  // What goes wrong from here on is of no interest: the answer is known.
  socket.on('error', () => socket.destroy());
  const goodbye = kind === 'tcp' ? '' : talks[kind].goodbye;
  if (answered && goodbye !== '') socket.end(goodbye, () => socket.destroy());
  else socket.destroy();
}

function failureOf(error: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {
    ECONNREFUSED: 'refused',
    ECONNRESET: 'reset',
    EPIPE: 'reset',
    ETIMEDOUT: 'no connection',
    EHOSTUNREACH: 'no way to it',
    ENETUNREACH: 'no way to it',
    EMFILE: 'not asked: no descriptor left',
  };
  const code = error.code ?? '';
  return known[code] ?? (code === '' ? 'failed' : code);
}
