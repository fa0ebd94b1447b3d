/**
 * Text that a process chose, made fit to be shown: valid UTF-8 stays, everything that could move a cursor,
 * hide or turn text is written out.
 */

/** C0 and C1 controls, zero-width and bidirectional marks, line separators, private and unassigned ends. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** `latin1` holds one byte in each character, as the parsers give it. */
export function shownText(latin1: string, maxLength: number): string {
  const clipped = latin1.length > maxLength * 4 ? latin1.slice(0, maxLength * 4) : latin1;
  const text = /[\x80-\xff]/.test(clipped) ? decodeUtf8(clipped) : clipped;
  const escaped = text.replace(unsafe, escapeCharacter);
  return escaped.length > maxLength ? `${clip(escaped, maxLength - 1)}…` : escaped;
}

/** Bytes that are no UTF-8 are written `\xNN`. */
function decodeUtf8(latin1: string): string {
  const decoded = Buffer.from(latin1, 'latin1').toString('utf8');
  if (!decoded.includes('\ufffd')) return decoded;
  return latin1.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Never cuts a surrogate pair in two. */
function clip(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
