/** One message on its way to one channel. */
import type { Message } from './message.ts';

export interface Delivery {
  /** Of the message: what is decided twice is sent once. */
  key: string;
  channel: string;
  incidentId: string;
  message: Message;
  state: 'pending' | 'sent' | 'given-up';
  attempts: number;
  /** Not before; ms since the epoch. */
  nextMs: number;
  /** What is sent together is sent together again: the receiver knows it by this. Null before the first attempt. */
  batch: string | null;
  /** Of the last attempt. */
  error: string | null;
  /** The receiver will not take it as it is: it holds up none that come after it. */
  isRefused?: boolean;
}

const firstWaitMs = 15_000;
const longestWaitMs = 1_800_000;
/** Some two days of trying. */
const maxAttempts = 100;

/** After an attempt that failed. `spread` 0 to 1 keeps many from coming back at once. Pure. */
export function failed(delivery: Delivery, error: string, nowMs: number, spread: number): Delivery {
  const attempts = delivery.attempts + 1;
  const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts - 1, 20)) * (0.75 + spread / 2);
  return {
    ...delivery,
    attempts,
    error: error.slice(0, 300),
    nextMs: nowMs + waitMs,
    state: attempts >= maxAttempts ? 'given-up' : 'pending',
  };
}
