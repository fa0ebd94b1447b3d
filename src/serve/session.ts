/**
 * What a browser gets in place of the token: a right until a moment, signed with the token, so that a session outlives a restart and ends
 * when the token is replaced. Pure but for the nonce.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Right = 'read' | 'act';

export const sessionMs = 7 * 86_400_000;

export function createSession(right: Right, token: string, nowMs: number): string {
  const text = `${right}.${Math.round(nowMs + sessionMs).toString(36)}.${randomBytes(12).toString('base64url')}`;
  return `${text}.${signature(text, token)}`;
}

/** Null: none of ours, or over. */
export function rightOfSession(given: string, token: string, nowMs: number): Right | null {
  const parts = partsOfSession(given);
  if (parts === null) return null;
  const { text, right, untilMs, signed } = parts;
  const isOurs = timingSafeEqual(Buffer.from(signed), Buffer.from(signature(text, token)));
  return isOurs && untilMs > nowMs ? right : null;
}

/** As it claims to be. Null: it does not look like one. */
export function partsOfSession(given: string): { text: string; right: Right; untilMs: number; nonce: string; signed: string } | null {
  const match = /^((read|act)\.([0-9a-z]{1,12})\.([\w-]{16}))\.([\w-]{43})$/.exec(given);
  if (match === null) return null;
  const [, text = '', right, until = '', nonce = '', signed = ''] = match;
  return { text, right: right === 'act' ? 'act' : 'read', untilMs: Number.parseInt(until, 36), nonce, signed };
}

function signature(text: string, token: string): string {
  return createHmac('sha256', token).update(`session ${text}`).digest('base64url');
}
