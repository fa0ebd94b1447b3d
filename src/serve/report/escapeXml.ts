/** For HTML and SVG, in text and in attributes. What turns the direction of writing or is not to be seen is shown. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? ' ' : `\\u{${char.codePointAt(0)?.toString(16)}}`))
    .replace(/[<>&"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}
