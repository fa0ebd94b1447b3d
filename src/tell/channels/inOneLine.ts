const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** For formats where a line end or a control character would begin something new. */
export function inOneLine(text: string): string {
  return text.replace(acting, ' ');
}
