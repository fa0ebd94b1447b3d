/** Something stanch cannot see or do just now, said instead of guessed. */
export interface Notice {
  /** Stable code from the error catalogue. */
  code: string;
  text: string;
  sinceMs: number;
}
