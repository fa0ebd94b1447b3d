/**
 * Who may read: whoever shows a token; and, when the owner allows it, whoever sits on this machine. A browser on this machine also
 * sits here whatever page it shows, so that without a token the request must be meant for us by name (DNS rebinding) and must not come
 * from another site. Who may act: whoever shows the token for that, and from a browser only our own page. Pure.
 */
import { HttpProblem } from './problem.ts';
import { type Right, rightOfSession } from './session.ts';
import { isToken } from './token.ts';

export interface AccessPolicy {
  /** Opens everything. */
  token: string;
  /** Opens reading. */
  readToken: string;
  nowMs: number;
  allowLoopbackRead: boolean;
  /** Somebody logged out of it. */
  isEnded(session: string): boolean;
  listen: { host: string; port: number };
}

export interface AccessRequest {
  peerAddress: string;
  host: string | undefined;
  authorization: string | undefined;
  cookie: string | undefined;
  origin: string | undefined;
  fetchSite: string | undefined;
}

export const sessionCookie = 'stanch-session';

/** What lets somebody in. */
export interface Access {
  right: Right;
  by: 'token' | 'session' | 'loopback';
  /** What the browser holds, whether it was needed or not; null: nothing. */
  session: string | null;
}

/** Of a request that was not refused. */
export function accessOf(request: AccessRequest, policy: AccessPolicy): Access {
  const { header, right } = credentials(request, policy);
  const session = cookieValue(request.cookie);
  if (right === null) return { right: 'read', by: 'loopback', session };
  return { right, by: header !== null ? 'token' : 'session', session };
}

function credentials({ authorization, cookie }: AccessRequest, policy: AccessPolicy) {
  const header = bearer(authorization);
  const session = header === null ? cookieValue(cookie) : null;
  if (header !== null) return { header, session, right: rightOfToken(header, policy) };
  const isOver = session === null || policy.isEnded(session);
  return { header, session, right: isOver ? null : rightOfSession(session, policy.token, policy.nowMs) };
}

/** null: may do it. */
export function refusal(request: AccessRequest, policy: AccessPolicy, needs: Right): HttpProblem | null {
  const foreign = refuseForeignSite(request);
  if (foreign !== null) return foreign;
  const { header, session, right } = credentials(request, policy);
  const isGiven = header !== null || session !== null;
  if (isGiven && right === null) return unauthorised('a token or session that is not, or no longer, the right one', policy);
  if (needs === 'act') return refuseActing(request, policy, right, session !== null);
  if (isGiven) return null;
  if (!isLoopback(request.peerAddress)) return unauthorised('no token, from another machine', policy);
  if (!policy.allowLoopbackRead) return unauthorised('no token', policy);
  return refuseForeignHost(request, policy);
}

export function rightOfToken(given: string, { token, readToken }: Pick<AccessPolicy, 'token' | 'readToken'>): Right | null {
  const mayAct = isToken(given, token);
  const mayRead = isToken(given, readToken);
  return mayAct ? 'act' : mayRead ? 'read' : null;
}

/** A browser sends the cookie along whoever asks it to: the request must say that it is from our own page. */
function refuseActing(request: AccessRequest, policy: AccessPolicy, right: Right | null, isFromBrowser: boolean): HttpProblem | null {
  if (right === null) return unauthorised('no token, which acting always needs', policy);
  if (right === 'read') {
    return new HttpProblem(403, 'STANCH_E_UNAUTHORISED', {
      expected: 'the token for acting',
      found: 'the one for reading',
      next: 'Use the content of the file "token" in the data folder in place of "read-token".',
    });
  }
  if (!isFromBrowser || (request.origin !== undefined && isOwnOrigin(request)) || request.fetchSite === 'same-origin') return null;
  return new HttpProblem(403, 'STANCH_E_UNAUTHORISED', {
    expected: 'a request of the page of stanch itself, with its Origin',
    found: 'one with a session and no Origin',
    next: 'From a program send the token: Authorization: Bearer …',
  });
}

function refuseForeignSite(request: AccessRequest): HttpProblem | null {
  const site = request.fetchSite;
  const isForeign = site === 'cross-site' || site === 'same-site' || (request.origin !== undefined && !isOwnOrigin(request));
  if (!isForeign) return null;
  return new HttpProblem(403, 'STANCH_E_UNAUTHORISED', {
    expected: 'a request from the page of stanch itself or from no page',
    found: `one from ${JSON.stringify((request.origin ?? site ?? '').slice(0, 100))}`,
    next: 'Open the page of stanch directly.',
  });
}

function isOwnOrigin({ origin, host }: AccessRequest): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

function refuseForeignHost({ host }: AccessRequest, policy: AccessPolicy): HttpProblem | null {
  const name = hostName(host ?? '');
  if (name !== null && (name === 'localhost' || isLoopback(name) || name === policy.listen.host)) return null;
  return new HttpProblem(403, 'STANCH_E_UNAUTHORISED', {
    expected: 'a Host header that names this machine itself, as localhost or 127.0.0.1',
    found: JSON.stringify((host ?? '').slice(0, 100)),
    next: `Use http://127.0.0.1:${policy.listen.port}, or send the token: Authorization: Bearer …`,
  });
}

function unauthorised(found: string, policy: AccessPolicy): HttpProblem {
  const parts = {
    expected: 'the token of this stanch',
    found,
    next: `Send "Authorization: Bearer …" with the content of the file "token" in the data folder; in a browser open http://${urlHost(policy.listen.host)}:${policy.listen.port}/?token=…`,
  };
  return new HttpProblem(401, 'STANCH_E_UNAUTHORISED', parts, { 'WWW-Authenticate': 'Bearer realm="stanch"' });
}

function bearer(header: string | undefined): string | null {
  return header === undefined ? null : (/^Bearer +([^\s]{1,200})$/i.exec(header)?.[1] ?? '');
}

function cookieValue(header: string | undefined): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === sessionCookie && value !== undefined) return value;
  }
  return null;
}

/** `[::1]:7420` → `::1`; null when it is not a host. */
export function hostName(header: string): string | null {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,253}))(?::\d{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/** 127.0.0.0/8, ::1, and the first mapped into IPv6. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
