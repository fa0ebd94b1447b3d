/** What a parser makes of a recording, to be compared. */
import assert from 'node:assert/strict';
import { StanchError } from '../../model/errors.ts';
import { gauges, type Sample } from '../../model/gauge.ts';
import { isValue } from '../../model/reading.ts';
import { Recording } from '../recording.ts';
import type { BadRow } from '../seriesFile/badRow.ts';
import type { LogSource } from './logSource.ts';

/** A sample without what was not read. */
export type Row = { subject: string; timeMs: number } & Partial<Record<(typeof gauges)[number], number>>;

export interface Read {
  rows: Row[];
  bad: BadRow[];
  source: LogSource | null;
}

/** Reads with bad rows left out, in pieces of that many bytes. */
export function readRows(bytes: Uint8Array, pieceBytes = 1 << 16, host = ''): Read {
  const rows: Row[] = [];
  const bad: BadRow[] = [];
  const recording = new Recording(
    {
      row: (subject, sample) => rows.push(rowOf(recording.subjectNames[subject] ?? '', sample)),
      badRow: (row) => bad.push(row),
    },
    { host, nameOf: (uid) => `user-${uid}` },
  );
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // Its own memory, overwritten afterwards: a parser may not keep a piece.
    const piece = Uint8Array.from(bytes.subarray(at, at + pieceBytes));
    recording.push(piece);
    piece.fill(0x31);
  }
  recording.end();
  return { rows, bad, source: recording.source };
}

/** The error that ends the reading of these bytes. */
export function stopsWith(bytes: Uint8Array): StanchError {
  try {
    readRows(bytes);
  } catch (error) {
    if (error instanceof StanchError) return error;
    throw error;
  }
  return assert.fail('nothing was wrong');
}

function rowOf(subject: string, sample: Sample): Row {
  const row: Row = { subject, timeMs: sample.timeMs };
  for (const gauge of gauges) {
    const value = sample[gauge];
    if (isValue(value)) row[gauge] = value;
  }
  return row;
}
