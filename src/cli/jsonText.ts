/** What JSON leaves as it is and a terminal may act on: C1 controls, bidirectional and invisible marks, line separators. */
const acting = /[\x7f\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A JSON document in which no name can act on the terminal it is printed to, and every value is the same. */
export function jsonText(document: unknown): string {
  return JSON.stringify(document).replace(acting, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i += 1) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return escaped;
  });
}
