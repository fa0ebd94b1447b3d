/** Pictures of a page have few colours: with at most 256 in a table, a pixel takes one byte in place of three, and packs far better. Pure. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const most = 256;

/** From a PNG of 8 bits a channel, not interlaced, as browsers make them. Throws when it is another. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, pixels } = decode(png);
  const { table, indices } = withFewColours(pixels, channels, width * height);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('PLTE', table),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

interface Picture {
  width: number;
  height: number;
  channels: number;
  pixels: Uint8Array;
}

function decode(png: Buffer): Picture {
  const [depth, colour, , , interlaced] = png.subarray(24, 29);
  const channels = colour === 6 ? 4 : colour === 2 ? 3 : 0;
  if (!png.subarray(0, 8).equals(signature) || depth !== 8 || channels === 0 || interlaced !== 0)
    throw new Error('expected a PNG of 8 bits a channel in true colour; found another picture');
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const isData = png.toString('latin1', at + 4, at + 8) === 'IDAT';
    if (isData) parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return { width, height, channels, pixels: unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels) };
}

/** PNG, 9: each byte is the difference to what the filter of its row foretells from its neighbours. */
function unfiltered(raw: Buffer, rowBytes: number, height: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (rowBytes + 1)] ?? 0;
    for (let x = 0; x < rowBytes; x += 1) {
      const at = y * rowBytes + x;
      const left = x < channels ? 0 : (pixels[at - channels] ?? 0);
      const up = y === 0 ? 0 : (pixels[at - rowBytes] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (pixels[at - rowBytes - channels] ?? 0);
      const foretold = [0, left, up, Math.floor((left + up) / 2), paeth(left, up, corner)][filter] ?? 0;
      pixels[at] = (raw[y * (rowBytes + 1) + 1 + x] ?? 0) + foretold;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** The colours that are there most often; each other one becomes the nearest of these. */
function withFewColours(pixels: Uint8Array, channels: number, count: number): { table: Buffer; indices: Uint8Array } {
  const colours = new Uint32Array(count);
  const often = new Map<number, number>();
  for (let index = 0; index < count; index += 1) {
    const at = index * channels;
    const colour = ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
    colours[index] = colour;
    often.set(colour, (often.get(colour) ?? 0) + 1);
  }
  const kept = [...often]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([colour]) => colour);
  const places = new Map(kept.map((colour, place) => [colour, place]));
  for (const colour of often.keys()) if (!places.has(colour)) places.set(colour, nearest(kept, colour));
  const table = Buffer.from(kept.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return { table, indices: Uint8Array.from(colours, (colour) => places.get(colour) ?? 0) };
}

function nearest(kept: readonly number[], colour: number): number {
  const away = (other: number) =>
    ((other >> 16) - (colour >> 16)) ** 2 + (((other >> 8) & 255) - ((colour >> 8) & 255)) ** 2 + ((other & 255) - (colour & 255)) ** 2;
  let best = 0;
  for (let place = 1; place < kept.length; place += 1) if (away(kept[place] ?? 0) < away(kept[best] ?? 0)) best = place;
  return best;
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
