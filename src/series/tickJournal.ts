/**
 * The journal of the running epoch: one record a tick, written before `append` returns. After kill -9 it gives the epoch
 * back; once the epoch is in a segment it is deleted. Each file can be read by itself.
 *
 *     file   = magic record*
 *     record = uint32 length, uint32 crc32, payload
 *     head   = varint(firstTick)                                          the first payload
 *     tick   = float64 timeMs, float64 shared, varint goneCount, varint(slot)*, entry*
 *     entry  = varint(slot * 2 + isDefined) [float64 firstSeenMs, varint length, subject as JSON] mask values
 *
 * A subject that is in the tick before, not gone and without an entry repeats its row.
 */
import { closeSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Subject } from '../model/subject.ts';
import { ByteReader, ByteWriter, corrupt } from './bytes.ts';
import { Epoch, type Slot } from './epoch.ts';
import type { PageArena } from './pageArena.ts';
import { columnCount, decodeRow } from './rowCodec.ts';
import { parseSubject, subjectDocument } from './subjectDocument.ts';

const magic = new TextEncoder().encode('STANCHJ1');
const frameBytes = 8;
const maxRecordBytes = 64 * 1024 * 1024;
/** A tick of many new subjects is large; its buffer is not kept. */
const keptBufferBytes = 64 * 1024;

export type WriteCall = (fd: number, bytes: Uint8Array, at: number, length: number) => number;

/** Builds the payload of one tick while its rows are encoded. */
export class TickRecord {
  readonly entries: ByteWriter = new ByteWriter();
  readonly #record = new ByteWriter();

  begin(): void {
    this.entries.reset();
  }

  /** Starts an entry; the row is then encoded into `entries`. */
  beginEntry(slot: Slot): void {
    this.entries.varint(slot.index * 2 + (slot.isDefined ? 0 : 1));
    if (slot.isDefined) return;
    const document = new TextEncoder().encode(subjectDocument(slot.seen.subject));
    this.entries.float64(slot.seen.firstSeenMs);
    this.entries.varint(document.length);
    this.entries.append(document);
  }

  finish(timeMs: number, sharedValue: number, gone: readonly number[]): Uint8Array {
    const record = this.#record;
    record.reset();
    record.float64(timeMs);
    record.float64(sharedValue);
    record.varint(gone.length);
    for (const index of gone) record.varint(index);
    record.append(this.entries.bytes, this.entries.length);
    return record.view();
  }

  shrink(): void {
    this.entries.shrink(keptBufferBytes);
    this.#record.shrink(keptBufferBytes);
  }
}

export class TickJournal {
  readonly path: string;
  readonly #write: WriteCall;
  readonly #frame = new ByteWriter();
  readonly #fd: number;
  /** What is in the file for good. */
  bytes = 0;

  /** Creates the file with its head in place under its name: a crash never leaves an empty one. */
  constructor(path: string, firstTick: number, write: WriteCall) {
    this.path = path;
    this.#write = write;
    this.#fd = openSync(`${path}.new`, 'w', 0o600);
    try {
      this.#frame.append(magic);
      const head = new ByteWriter();
      head.varint(firstTick);
      this.#addFrame(head.view());
      this.#flush();
      renameSync(`${path}.new`, path);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** On disk (in the page cache, which outlives the process) when it returns; throws and takes back what was half written. */
  append(payload: Uint8Array): void {
    this.#frame.reset();
    this.#addFrame(payload);
    this.#flush();
    this.#frame.shrink(keptBufferBytes);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #addFrame(payload: Uint8Array): void {
    this.#frame.uint32(payload.length);
    this.#frame.uint32(crc32(payload));
    this.#frame.append(payload);
  }

  #flush(): void {
    let at = 0;
    try {
      while (at < this.#frame.length) at += this.#write(this.#fd, this.#frame.bytes, at, this.#frame.length - at);
      this.bytes += at;
    } catch (error) {
      ftruncateSync(this.#fd, this.bytes);
      throw error;
    }
  }
}

export const writeToFile: WriteCall = (fd, bytes, at, length) => writeSync(fd, bytes, at, length);

export interface Recovered {
  /** Null when not even the head could be read. */
  epoch: Epoch | null;
  /** How far the file is whole. */
  soundBytes: number;
  /** What is wrong with the rest; null when all of it is whole. */
  damage: string | null;
}

/** Reads a journal as far as it is whole. Never throws on what the file holds. */
export function recoverEpoch(file: Uint8Array, arena: PageArena): Recovered {
  if (file.length < magic.length || magic.some((byte, index) => file[index] !== byte))
    return { epoch: null, soundBytes: 0, damage: 'not a journal' };
  const reader = new ByteReader(file, magic.length);
  let epoch: Epoch | null = null;
  let replay: EpochReplay | null = null;
  let soundBytes = 0;
  try {
    while (!reader.done) {
      const payload = readFrame(reader);
      if (replay === null) {
        epoch = new Epoch(new ByteReader(payload).varint(), arena);
        replay = new EpochReplay(epoch);
      } else {
        replay.tick(payload);
      }
      soundBytes = reader.at;
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { epoch, soundBytes, damage: error.message };
  }
  return { epoch, soundBytes, damage: epoch === null ? 'a journal without a head' : null };
}

function readFrame(reader: ByteReader): Uint8Array {
  if (reader.remaining < frameBytes) throw corrupt('a journal cut in the middle of a record');
  const length = reader.uint32();
  const checksum = reader.uint32();
  if (length === 0 || length > maxRecordBytes) throw corrupt('a journal record of impossible length');
  if (length > reader.remaining) throw corrupt('a journal cut in the middle of a record');
  const payload = reader.take(length);
  if (crc32(payload) !== checksum) throw corrupt('a journal record with a wrong checksum');
  return payload;
}

/** Plays the ticks of a journal into an epoch. */
class EpochReplay {
  readonly #epoch: Epoch;
  readonly #slots: Slot[] = [];
  readonly #present: boolean[] = [];
  readonly #row = new Float64Array(columnCount);
  readonly #encoded = new ByteWriter();

  constructor(epoch: Epoch) {
    this.#epoch = epoch;
  }

  tick(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    const timeMs = reader.float64();
    const sharedValue = reader.float64();
    if (!Number.isFinite(timeMs)) throw corrupt('a tick without a time');
    const goneCount = reader.varint();
    for (let count = 0; count < goneCount; count += 1) this.#present[this.#slotAt(reader.varint()).index] = false;
    this.#epoch.beginTick(timeMs);
    this.#epoch.share(sharedValue);
    while (!reader.done) this.#entry(reader);
    const offset = this.#epoch.timesMs.length - 1;
    for (const slot of this.#slots) {
      if (this.#present[slot.index] === true && slot.lastOffset !== offset) this.#epoch.repeatRow(slot);
    }
  }

  #entry(reader: ByteReader): void {
    const header = reader.varint();
    const index = Math.floor(header / 2);
    const slot = header % 2 === 1 ? this.#define(index, reader.float64(), readSubject(reader)) : this.#slotAt(index);
    this.#epoch.previousRow(slot, this.#row);
    decodeRow(reader, this.#row);
    this.#encoded.reset();
    this.#epoch.appendRow(slot, this.#row, this.#encoded);
    this.#present[slot.index] = true;
  }

  #define(index: number, firstSeenMs: number, subject: Subject): Slot {
    const known = this.#slots[index];
    if (known !== undefined) {
      if (known.seen.subject.id !== subject.id) throw corrupt('a journal that renames a subject');
      known.seen.subject = subject;
      return known;
    }
    if (index !== this.#slots.length || this.#epoch.slots.has(subject.id)) throw corrupt('a journal with subjects out of order');
    const slot = this.#epoch.addSlot({ subject, firstSeenMs, lastSeenMs: firstSeenMs });
    slot.isDefined = true;
    this.#slots.push(slot);
    return slot;
  }

  #slotAt(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw corrupt('a journal entry of an unknown subject');
    return slot;
  }
}

function readSubject(reader: ByteReader): Subject {
  return parseSubject(new TextDecoder().decode(reader.take(reader.varint())));
}
