/** What this page may do, as the server sees it; and the way out. */
import { ApiProblem, ask, forgetToken } from './api.ts';
import type { SessionDocument } from './documents.ts';
import { comings, connectAnew, useDocument } from './live.ts';

const everyMs = 5000;
const answerTimeoutMs = 20_000;

/** null: not known yet. */
export function useAccess(): SessionDocument | null {
  return useDocument<SessionDocument>(`session?${comings.value}`, () => 'session', everyMs).document;
}

/** The session ends on the server, the token of this tab is forgotten. Errors: ApiProblem. */
export async function logOut(): Promise<void> {
  try {
    await ask('session/end', AbortSignal.timeout(answerTimeoutMs), {});
  } catch (cause) {
    // It is over already.
    if (!(cause instanceof ApiProblem) || cause.problem.kind !== 'unauthorised') throw cause;
  }
  forgetToken();
  connectAnew();
}
