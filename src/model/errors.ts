/**
 * The one catalogue of coded errors. Exit codes follow sysexits.h:
 * 64 usage, 65 bad input data, 66 no such input, 69 service unreachable, 70 a bug in stanch,
 * 73 cannot create output, 75 try again, 77 not permitted, 78 bad configuration.
 */
const catalogue = {
  STANCH_E_USAGE: 64,
  STANCH_E_BAD_ROW: 65,
  STANCH_E_BAD_HEADER: 65,
  STANCH_E_BAD_GZIP: 65,
  STANCH_E_BAD_LOG: 65,
  STANCH_E_LOG_VERSION: 65,
  STANCH_E_SNAPSHOT: 65,
  STANCH_E_FILE_ORDER: 65,
  STANCH_E_TOO_MANY_SUBJECTS: 65,
  STANCH_E_NO_INPUT: 66,
  STANCH_E_NO_SUBJECT: 66,
  STANCH_E_NO_ACTION: 66,
  STANCH_E_UNREACHABLE: 69,
  STANCH_E_SYSTEMD: 69,
  STANCH_E_MANAGER: 69,
  STANCH_E_NOTIFY: 69,
  STANCH_E_BUG: 70,
  STANCH_E_PORT_IN_USE: 73,
  STANCH_E_OUTPUT: 73,
  STANCH_E_DATA_DIR: 73,
  STANCH_E_STORE_DISK_FULL: 73,
  STANCH_E_STORE_CORRUPT: 65,
  STANCH_E_STORE_LOCKED: 75,
  STANCH_E_CLOCK_JUMP: 75,
  STANCH_E_BUDGET: 75,
  STANCH_E_BUSY: 75,
  STANCH_E_CHANGED_SINCE: 75,
  STANCH_E_GONE: 75,
  STANCH_E_POLICY: 77,
  STANCH_E_UNIT: 69,
  STANCH_E_NOT_POSSIBLE: 69,
  STANCH_E_BPF: 69,
  STANCH_E_NOT_PERMITTED: 77,
  STANCH_E_UNAUTHORISED: 77,
  STANCH_E_CONFIG: 78,
} as const;

export type ErrorCode = keyof typeof catalogue;

export interface ErrorParts {
  expected: string;
  found: string;
  /** What to do next, as a command where there is one. */
  next: string;
  cause?: unknown;
}

/** An error a user can act on: what was expected, what was found, what to do. */
export class StanchError extends Error {
  readonly code: ErrorCode;
  readonly expected: string;
  readonly found: string;
  readonly next: string;

  constructor(code: ErrorCode, parts: ErrorParts) {
    super(`${code}: expected ${parts.expected}; found ${parts.found}. ${parts.next}`, { cause: parts.cause });
    this.name = 'StanchError';
    this.code = code;
    this.expected = parts.expected;
    this.found = parts.found;
    this.next = parts.next;
  }

  get exitCode(): number {
    return catalogue[this.code];
  }
}
