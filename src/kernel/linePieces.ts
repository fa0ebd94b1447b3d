/**
 * A long table of the kernel, such as /proc/net/tcp, read a piece at a time, so that whoever reads it can do something else in between.
 * The kernel gives at most a page with each read, and takes the table up where it was left; lines that came or went meanwhile may be
 * seen twice or not at all.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { isValue, type Reading } from '../model/reading.ts';
import { countRead, missingFor } from './read.ts';

const newline = 0x0a;
/** Some 200 lines of /proc/net/tcp: a third of a millisecond. */
const pieceBytes = 1 << 15;
/** A longer line than this is no line of the kernel: the table ends there. */
const maxLineBytes = 8192;

export class LinePieces {
  /** Whole lines, good until the next piece is read. */
  readonly bytes = Buffer.allocUnsafeSlow(pieceBytes);
  /** Of them; with the newline of the last line. */
  length = 0;
  readonly #fd: number;
  #readTo = 0;
  #ended = false;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(path: string): Reading<LinePieces> {
    try {
      return new LinePieces(openSync(path, 'r'));
    } catch (error) {
      return missingFor(error);
    }
  }

  /** False at the end. What goes wrong on the way is the end as well. */
  next(): boolean {
    this.bytes.copyWithin(0, this.length, this.#readTo);
    this.#readTo -= this.length;
    this.length = 0;
    while (!this.#ended && this.#readTo < pieceBytes - maxLineBytes) {
      const count = this.#read();
      if (!isValue(count) || count === 0) this.#ended = true;
      else this.#readTo += count;
    }
    this.length = this.#readTo === 0 ? 0 : this.bytes.lastIndexOf(newline, this.#readTo - 1) + 1;
    return this.length > 0;
  }

  #read(): Reading<number> {
    try {
      countRead();
      return readSync(this.#fd, this.bytes, this.#readTo, pieceBytes - this.#readTo, null);
    } catch (error) {
      return missingFor(error);
    }
  }

  /** Where each line begins; the index of a line in `bytes`. */
  *lines(): Generator<number, void, void> {
    for (let at = 0; at < this.length; at = this.bytes.indexOf(newline, at) + 1) yield at;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
