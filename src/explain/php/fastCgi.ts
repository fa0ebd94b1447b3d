/**
 * A client of FastCGI, as small as one request needs it: what a web server says to PHP-FPM, and the answer without its headers.
 * https://fastcgi-archives.github.io/FastCGI_Specification.html
 */
import { connect, type NetConnectOpts } from 'node:net';
import { StanchError } from '../../model/errors.ts';

const version = 1;
const requestId = 1;
const record = { begin: 1, end: 3, params: 4, stdin: 5, stdout: 6 } as const;
const responder = 1;
const headerBytes = 8;
const mostAnswerBytes = 4 << 20;

/** A socket in the file system, or `host:port` as FPM writes it. */
export function fpmAddress(listen: string): NetConnectOpts {
  if (listen.startsWith('/')) return { path: listen };
  const [, host, port] = /^(?:\[?([^[\]]*)\]?:)?(\d{1,5})$/.exec(listen) ?? [];
  return {
    host: host === undefined || host === '' || host === '*' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host,
    port: Number(port),
  };
}

export async function fastCgiGet(listen: string, params: Readonly<Record<string, string>>, timeoutMs: number): Promise<string> {
  const answer = await exchange(listen, requestBytes(params), timeoutMs);
  const text = parseRecords(answer).toString('utf8');
  const blank = /\r?\n\r?\n/.exec(text);
  if (blank === null) throw unreachable(listen, 'an answer without headers');
  return text.slice(blank.index + blank[0].length);
}

function exchange(listen: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(fpmAddress(listen));
    const pieces: Buffer[] = [];
    let total = 0;
    const fail = (found: string, cause?: unknown) => {
      socket.destroy();
      reject(unreachable(listen, found, cause));
    };
    socket.setTimeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    socket.on('error', (error) => fail(error.message, error));
    socket.on('data', (piece) => {
      pieces.push(piece);
      total += piece.length;
      if (total > mostAnswerBytes) fail(`more than ${mostAnswerBytes} bytes`);
    });
    socket.on('end', () => resolve(Buffer.concat(pieces)));
    socket.on('connect', () => socket.write(request));
  });
}

function unreachable(listen: string, found: string, cause?: unknown): StanchError {
  return new StanchError('STANCH_E_UNREACHABLE', {
    expected: `an answer of PHP-FPM at ${listen}`,
    found,
    next: 'See that the pool listens there, and that this account may connect to it.',
    cause,
  });
}

function requestBytes(params: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(params).flatMap(([name, value]) => {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
    return [lengthBytes(nameBytes.length), lengthBytes(valueBytes.length), nameBytes, valueBytes];
  });
  return Buffer.concat([
    recordBytes(record.begin, Buffer.from([0, responder, 0, 0, 0, 0, 0, 0])),
    recordBytes(record.params, Buffer.concat(pairs)),
    recordBytes(record.params, Buffer.alloc(0)),
    recordBytes(record.stdin, Buffer.alloc(0)),
  ]);
}

function lengthBytes(length: number): Buffer {
  if (length < 128) return Buffer.from([length]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((length | 0x8000_0000) >>> 0);
  return bytes;
}

function recordBytes(type: number, content: Buffer): Buffer {
  const header = Buffer.from([version, type, 0, requestId, content.length >>> 8, content.length & 255, 0, 0]);
  return Buffer.concat([header, content]);
}

/** What the application wrote to stdout. */
export function parseRecords(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 4);
    if (bytes[at + 1] === record.stdout) pieces.push(bytes.subarray(at + headerBytes, at + headerBytes + length));
    at += headerBytes + length + bytes.readUInt8(at + 6);
  }
  return Buffer.concat(pieces);
}
