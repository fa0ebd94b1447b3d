/** Reading a series file from disk, a pipe or standard input, packed with gzip or not. What the bytes mean is the parser's. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { StanchError } from '../../model/errors.ts';
import type { SeriesFileFormat } from './parser.ts';

const stdinFd = 0;
const chunkBytes = 256 * 1024;
const gzipMagic = [0x1f, 0x8b];

/** How far reading has come, in bytes as they are stored; `totalBytes` is null for a pipe. */
export interface ReadProgress {
  readBytes: number;
  totalBytes: number | null;
}

/**
 * Reads all of `path`, `-` being standard input, and gives it to `consume` piece by piece, unpacked. A piece is overwritten
 * by the next: copy what is kept. Throws `StanchError` for a file that is not there, not a file or not permitted, and for
 * broken gzip; what `consume` throws ends the reading and is thrown on.
 */
export async function readSeriesFile(path: string, consume: (chunk: Uint8Array, progress: ReadProgress) => void): Promise<void> {
  const progress: ReadProgress = { readBytes: 0, totalBytes: null };
  try {
    const chunks = path === '-' ? stdinChunks(progress) : pathChunks(path, progress);
    const { head, rest } = await firstBytes(counted(chunks, progress), gzipMagic.length);
    if (gzipMagic.every((byte, index) => head[index] === byte)) {
      await unpack(prefixed(head, rest), (chunk) => consume(chunk, progress));
    } else {
      for await (const chunk of prefixed(head, rest)) consume(chunk, progress);
    }
  } catch (error) {
    throw inputError(path, error);
  }
}

/** By the end of the name; undefined leaves it to the first byte. */
export function formatOfName(path: string): SeriesFileFormat | undefined {
  return /\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(path) ? 'json-lines' : undefined;
}

function* pathChunks(path: string, progress: ReadProgress): Generator<Uint8Array> {
  const fd = openSync(path, 'r');
  try {
    yield* fileChunks(fd, progress);
  } finally {
    closeSync(fd);
  }
}

/** Synchronous reads into one buffer: nothing else is to be done meanwhile, and a promise for each read costs more than the read. */
function* fileChunks(fd: number, progress: ReadProgress): Generator<Uint8Array> {
  const stat = fstatSync(fd);
  if (stat.isFile()) progress.totalBytes = stat.size;
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    const length = readSync(fd, buffer, 0, chunkBytes, null);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

/** A file or a folder as standard input is read as one; a pipe may be non-blocking, so the stream has to wait for it. */
async function* stdinChunks(progress: ReadProgress): AsyncGenerator<Uint8Array> {
  const stat = fstatSync(stdinFd);
  if (stat.isFile() || stat.isDirectory()) yield* fileChunks(stdinFd, progress);
  else for await (const chunk of process.stdin) yield chunk;
}

async function* counted(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, progress: ReadProgress): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    progress.readBytes += chunk.length;
    yield chunk;
  }
}

/** Takes pieces until `count` bytes are there or no more come. */
async function firstBytes(
  chunks: AsyncGenerator<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < count) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, rest: chunks };
}

async function* prefixed(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    yield* rest;
  } finally {
    // Whoever stops at the head stops the rest too: an open standard input would keep the program from ending.
    await rest.return(undefined);
  }
}

/** The unpacker reads on another thread while the next piece is read, so each gets its own copy. */
async function unpack(packed: AsyncIterable<Uint8Array>, consume: (chunk: Uint8Array) => void): Promise<void> {
  async function* copies(): AsyncGenerator<Uint8Array> {
    for await (const chunk of packed) yield Buffer.from(chunk);
  }
  await pipeline(
    Readable.from(copies(), { highWaterMark: 1 }),
    createGunzip({ chunkSize: chunkBytes }),
    async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) consume(chunk);
    },
  );
}

function inputError(path: string, error: unknown): unknown {
  if (error instanceof StanchError || !(error instanceof Error) || !('code' in error)) return error;
  const shown = path === '-' ? 'standard input' : path;
  const code = String(error.code);
  if (code.startsWith('Z_')) {
    return new StanchError('STANCH_E_BAD_GZIP', {
      expected: `a whole gzip file in ${shown}`,
      found: code === 'Z_BUF_ERROR' ? 'one that ends too early' : `broken data (${error.message})`,
      next: 'Check it with gzip -t, and copy it again.',
      cause: error,
    });
  }
  if (!('syscall' in error)) return error;
  if (code === 'EACCES' || code === 'EPERM') {
    return new StanchError('STANCH_E_NOT_PERMITTED', {
      expected: `permission to read ${shown}`,
      found: 'none for this user',
      next: 'Run stanch as a user who may read it, or have its owner permit it.',
      cause: error,
    });
  }
  const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : code;
  return new StanchError('STANCH_E_NO_INPUT', {
    expected: `a series file at ${shown}`,
    found,
    next: 'Give the path of a CSV or JSON Lines file, or - for standard input.',
    cause: error,
  });
}
