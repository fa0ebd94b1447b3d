/** What costs too much to be made for each who asks: made when somebody asks, and kept for a while. Nothing is kept of what fails. */
export function kept<T>(forMs: number, make: () => T, nowMs = () => performance.now()): () => T {
  let latest: { value: T; madeMs: number } | null = null;
  return () => {
    if (latest === null || nowMs() - latest.madeMs >= forMs) {
      latest = null;
      latest = { value: make(), madeMs: nowMs() };
    }
    return latest.value;
  };
}
