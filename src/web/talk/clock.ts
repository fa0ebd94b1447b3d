/** The daemon's clock: forecasts and histories are written in it, and this machine's may be wrong. */
let aheadMs = 0;
let isKnown = false;

/** Now, by the daemon's clock. */
export function daemonNowMs(): number {
  return Date.now() + aheadMs;
}

/** A document says when it was true. */
export function setByDocument(time: string): void {
  aheadMs = Date.parse(time) - Date.now();
  isKnown = true;
}

/** Any answer says it to the second: enough to begin with. */
export function setByAnswer(response: Response): void {
  const answeredMs = Date.parse(response.headers.get('date') ?? '');
  if (isKnown || Number.isNaN(answeredMs)) return;
  const differenceMs = answeredMs - Date.now();
  if (Math.abs(differenceMs) > 2000) aheadMs = differenceMs;
  isKnown = true;
}
