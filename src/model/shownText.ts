/**
 * Names of processes, files and subjects come from whoever started or wrote them. Before a person sees them, everything
 * that a terminal or a text renderer would act on instead of showing is escaped: control characters, bidirectional marks,
 * invisible format characters, line separators and broken surrogates.
 */
const acting = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `web\u001b[2J` with a real escape becomes the same text with `\x1b` spelled out. Ordinary text in any script stays as it is. */
export function escapeShown(text: string): string {
  return text.replace(acting, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
