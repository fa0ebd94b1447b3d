/** A number and its unit stay on one line, and so do the parts of a time: 4 h 24 min. */
const withinAmount = /(\d) (?=(?:[KMGT]iB|d|h|min|ms|s)\b|%)|((?<=\d )(?:d|h|min)) (?=\d)/g;

export function unbroken(text: string): string {
  return text.replace(withinAmount, '$1$2\u00a0');
}
