/** Colour, only as help: the words say the same without it. */
import { styleText } from 'node:util';
import type { CliStream } from './context.ts';

export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

const plain: Paint = (_colour, text) => text;
const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

/** https://no-color.org: any value but the empty one. */
export function createPaint(stdout: CliStream, env: Readonly<Partial<Record<string, string>>>, noColor: boolean): Paint {
  const off = noColor || stdout.isTTY !== true || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return off ? plain : coloured;
}
