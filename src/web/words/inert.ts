/**
 * Names come from processes, which can call themselves anything. Elements and attributes can't come of them (the page only
 * makes text nodes), but controls and direction overrides could still make one name look like another: show them as escapes.
 */
const plain = /^[\x20-\x7e]*$/;
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

export function inert(name: string): string {
  // Nearly all are, and the other expression costs a browser its tables of Unicode.
  if (plain.test(name)) return name;
  return name.replace(deceptive, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
