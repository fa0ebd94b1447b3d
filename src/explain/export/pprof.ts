/**
 * pprof's profile.proto, gzipped: https://github.com/google/pprof/blob/main/proto/profile.proto. Leaf first, as it wants stacks; and in all of the
 * time, which it has beside them.
 */
import { gzipSync } from 'node:zlib';
import type { Evidence } from '../../model/evidence.ts';
import { stacksOf } from './stacks.ts';

const msToNs = 1e6;

export function pprof(evidence: Evidence): Buffer {
  const texts = new Map<string, number>([['', 0]]);
  const text = (of: string) => texts.get(of) ?? texts.set(of, texts.size).size - 1;
  const stacks = stacksOf(evidence);
  const spanMs = 2 * evidence.intervalMs;
  const names = [...new Set(stacks.flatMap(({ frames }) => frames))];
  const idOf = new Map(names.map((name, index) => [name, index + 1]));
  const valueType = (type: string, unit: string) => message([number(1, text(type)), number(2, text(unit))]);
  const parts = [
    bytes(1, valueType('objects', 'count')),
    bytes(1, valueType('space', 'bytes')),
    ...stacks.map(({ frames, count, bytesPerSecond }) => {
      const locations = packed(
        1,
        frames.toReversed().map((name) => idOf.get(name) ?? 0),
      );
      return bytes(2, message([locations, packed(2, [count, (bytesPerSecond * spanMs) / 1000])]));
    }),
    ...names.map((name) => bytes(4, message([number(1, idOf.get(name) ?? 0), bytes(4, message([number(1, idOf.get(name) ?? 0)]))]))),
    ...names.map((name) => bytes(5, message([number(1, idOf.get(name) ?? 0), number(2, text(name)), number(3, text(name))]))),
    number(9, evidence.takenAtMs * msToNs),
    number(10, spanMs * msToNs),
  ];
  const table = [...texts.keys()].map((each) => bytes(6, Buffer.from(each)));
  return gzipSync(message([...parts, ...table]));
}

function message(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = BigInt(Math.max(0, Math.round(value)));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(out);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function packed(field: number, values: readonly number[]): Buffer {
  return bytes(field, Buffer.concat(values.map(varint)));
}
