/** An error on its way to a client: the HTTP status and the document of every error. */
import { type ErrorCode, StanchError } from '../model/errors.ts';
import type { ErrorDocument } from './schema.ts';

export class HttpProblem extends Error {
  readonly status: number;
  readonly document: ErrorDocument;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: ErrorCode,
    { expected, found, next }: { expected: string; found: string; next: string },
    headers: Record<string, string> = {},
  ) {
    super(`${status} ${code}`);
    this.name = 'HttpProblem';
    this.status = status;
    this.document = { code, expected, found, next };
    this.headers = headers;
  }
}

export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof StanchError) return new HttpProblem(503, error.code, error);
  return new HttpProblem(500, 'STANCH_E_BUG', {
    expected: 'an answer',
    found: 'an error inside stanch; its log has the details',
    next: 'Report it with the log of stanch run.',
  });
}
