/** Text from processes, made safe for a terminal: what moves the cursor, rings, hides or turns the direction of writing is shown escaped. */
const unsafe = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

const takesTwo = /[\p{Emoji_Presentation}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\u{ff01}-\u{ff60}]/u;
const takesNone = /\p{M}/u;

function charWidth(char: string): number {
  if (char < '\u0300') return 1;
  return takesNone.test(char) ? 0 : takesTwo.test(char) ? 2 : 1;
}

/** Columns that printable text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** At most `width` columns; what is cut is cut in the middle, where names differ least. */
export function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, Math.max(0, width));
  const chars = [...text];
  const tailWidth = Math.floor((width - 1) / 3);
  const tail = take(chars.toReversed(), tailWidth).reverse().join('');
  return `${take(chars, width - 1 - tailWidth).join('')}…${tail}`;
}

/** Exactly `width` columns. */
export function column(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fitted = fit(text, width);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(fitted)));
  return align === 'left' ? fitted + padding : padding + fitted;
}

function take(chars: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const char of chars) {
    used += charWidth(char);
    if (used > width) break;
    taken.push(char);
  }
  return taken;
}
