/**
 * /proc/[pid]/status, `SigBlk` and `SigCgt`: which signals the first thread of a process blocks and which the process handles, as masks in
 * hexadecimal whose lowest bit is signal 1.
 * https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
import { constants } from 'node:os';
import { absent, isValue, type Reading } from '../model/reading.ts';
import { readText } from './read.ts';

export interface PidSignals {
  blocked: bigint;
  caught: bigint;
}

export function readPidSignals(pid: number, procRoot = '/proc'): Reading<PidSignals> {
  const text = readText(`${procRoot}/${pid}/status`, 16_384);
  return isValue(text) ? parsePidSignals(text) : text;
}

export function parsePidSignals(text: string): Reading<PidSignals> {
  const blocked = maskOf(text, 'SigBlk');
  const caught = maskOf(text, 'SigCgt');
  return blocked === null || caught === null ? absent : { blocked, caught };
}

/** It handles the signal, and does not put it off. */
export function hears({ blocked, caught }: PidSignals, name: NodeJS.Signals): boolean {
  const bit = 1n << BigInt(constants.signals[name] - 1);
  return (caught & bit) !== 0n && (blocked & bit) === 0n;
}

function maskOf(text: string, name: string): bigint | null {
  const digits = new RegExp(`^${name}:\\s([0-9a-f]{1,32})$`, 'm').exec(text)?.[1];
  return digits === undefined ? null : BigInt(`0x${digits}`);
}
