/**
 * The frame of everything kept as a blob: a checksum, the subject it belongs to, a range, and the bytes compressed.
 *
 *     chunk = crc32 flags varint(first) varint(last - first) varint(rawLength) data
 *
 * The checksum covers the owner's name as well, so that a chunk that turns up under another subject is seen as corrupt.
 */
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, corrupt } from './bytes.ts';

export interface Chunk {
  first: number;
  last: number;
  bytes: Uint8Array;
}

const flagStored = 0;
const flagDeflated = 1;
/** Far above what an epoch may hold; below what hurts. */
const maxRawBytes = 32 * 1024 * 1024;
/** A small window: chunks are a few KiB, and the default would take 256 KiB a call, and 16 KiB for what comes out. */
const deflateOptions = { level: 6, windowBits: 12, memLevel: 6, strategy: constants.Z_DEFAULT_STRATEGY };

/** Below, what compression saves is not worth its time; most processes do little. */
const minDeflatedBytes = 96;

const writer = new ByteWriter();

/**
 * @param first, last ticks of an epoch, or buckets.
 * @param isPacked false for what is read often and hardly counts in size.
 */
export function sealChunk(owner: string, first: number, last: number, bytes: Uint8Array, isPacked = true): Uint8Array {
  const deflated =
    isPacked && bytes.length > minDeflatedBytes ? deflateRawSync(bytes, { ...deflateOptions, chunkSize: bytes.length + 64 }) : bytes;
  const stored = deflated.length >= bytes.length;
  writer.reset();
  writer.uint32(0);
  writer.byte(stored ? flagStored : flagDeflated);
  writer.varint(first);
  writer.varint(last - first);
  writer.varint(bytes.length);
  writer.append(stored ? bytes : deflated);
  writer.setUint32(0, checksum(owner, writer.view(4)));
  const sealed = writer.view().slice();
  writer.shrink(65_536);
  return sealed;
}

/** Throws STANCH_E_STORE_CORRUPT when the bytes are not what was sealed for this owner. */
export function openChunk(owner: string, sealed: Uint8Array): Chunk {
  const reader = new ByteReader(sealed);
  if (reader.uint32() !== checksum(owner, sealed.subarray(4))) throw corrupt('a chunk with a wrong checksum');
  const flag = reader.byte();
  const first = reader.varint();
  const last = first + reader.varint();
  const rawLength = reader.varint();
  const data = sealed.subarray(reader.at);
  if (rawLength > maxRawBytes) throw corrupt('a chunk of impossible length');
  const bytes = flag === flagDeflated ? inflate(data, rawLength) : data;
  if (bytes.length !== rawLength) throw corrupt('a chunk of another length than it says');
  return { first, last, bytes };
}

/** Whether the bytes are whole, without unpacking them. */
export function chunkIsWhole(owner: string, sealed: Uint8Array): boolean {
  return sealed.length > 8 && new ByteReader(sealed).uint32() === checksum(owner, sealed.subarray(4));
}

function checksum(owner: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(owner));
}

function inflate(data: Uint8Array, rawLength: number): Uint8Array {
  try {
    return inflateRawSync(data, { maxOutputLength: rawLength + 1, chunkSize: Math.max(64, rawLength + 1) });
  } catch (cause) {
    throw corrupt('a chunk that can not be unpacked', cause);
  }
}
