import { ApiProblem } from '../talk/api.ts';
import { inert } from '../words/inert.ts';

/** Why something that was wanted was not done, for a person. */
export function problemWords(cause: unknown): string {
  if (!(cause instanceof ApiProblem)) return 'It was not done: the page has a fault.';
  const { problem } = cause;
  if (problem.kind === 'unauthorised')
    return 'It was not done: acting needs the token, on this server as well. It is in the data folder of stanch.';
  if (problem.kind === 'unreachable') return 'It is not known whether it was done: stanch does not answer.';
  const { error, status } = problem;
  if (status === 403) return 'It was not done: this token may read and not act.';
  return error === null
    ? `It was not done: the answer was ${status}.`
    : `It was not done: expected ${inert(error.expected)}; found ${inert(error.found)}. ${inert(error.next)}`;
}
