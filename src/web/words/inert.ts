/**
 * Names come from processes, which can call themselves anything. Elements and attributes can't come of them (the page only
 * makes text nodes), but controls and direction overrides could still make one name look like another: show them as escapes.
 */
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

export function inert(name: string): string {
  return name.replace(deceptive, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
