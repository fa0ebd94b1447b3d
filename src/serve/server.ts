/** The HTTP server: one list of routes, the page's files, the live stream; everything bounded. What changes something needs the token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { addRoute, createRouter, findRoute } from 'rou3';
import type { TlsSettings } from '../model/settings.ts';
import { type Access, type AccessPolicy, accessOf, isLoopback, refusal, rightOfToken, sessionCookie } from './access.ts';
import { readBody } from './body.ts';
import type { EndedSessions } from './endedSessions.ts';
import { listen } from './listen.ts';
import { openapiDocument } from './openapi.ts';
import type { PageFile } from './pageFiles.ts';
import { HttpProblem, problemOf } from './problem.ts';
import { RateLimit } from './rateLimit.ts';
import { securityHeaders, send, sendFile, sendMade } from './reply.ts';
import { type Route, routes } from './routes.ts';
import { createSession, type Right, rightOfSession, sessionMs } from './session.ts';
import type { LiveSource } from './source.ts';
import { LiveStream } from './stream.ts';
import { usableCertificate } from './tls.ts';

const maxUrlLength = 2048;
const maxConnections = 512;
/** Of these, so many may have asked nothing yet. */
const maxSilent = 64;
/** Of one address beyond loopback; and how often anybody may try a token that is wrong. */
const askingRate = { perSecond: 20, burst: 200 };
const wrongTokenRate = { perSecond: 0.2, burst: 20 };

export interface ApiServer {
  /** As bound: the port is known even when 0 was asked for. */
  address: { host: string; port: number };
  close(): Promise<void>;
}

export interface ApiOptions {
  source: LiveSource;
  token: string;
  readToken: string;
  endedSessions: Pick<EndedSessions, 'has' | 'end'>;
  listen: { host: string; port: number };
  /** Null: http. */
  tls: TlsSettings | null;
  page: ReadonlyMap<string, PageFile>;
  /** Hears of errors that are stanch's own. */
  onBug: (error: unknown) => void;
}

/** Errors: STANCH_E_PORT_IN_USE, STANCH_E_NOT_PERMITTED, STANCH_E_USAGE when the address is not of this machine, STANCH_E_CONFIG. */
export async function startServer(options: ApiOptions): Promise<ApiServer> {
  const api = new Api(options);
  const limits = {
    maxHeaderSize: 8192,
    headersTimeout: 10_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 5000,
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void api.handle(request, response);
  const server: Server =
    options.tls === null
      ? createServer(limits, onRequest)
      : // Loaded only where it is used: it takes memory.
        (await import('node:https')).createServer(
          { ...limits, ...(await usableCertificate(options.tls)), minVersion: 'TLSv1.2' },
          onRequest,
        );
  server.maxConnections = maxConnections;
  boundSilent(server);
  server.maxHeadersCount = 64;
  server.on('clientError', answerBrokenRequest);
  await listen(server, options.listen, options.onBug);
  const bound = boundAddress(server, options.listen);
  api.bound = bound;
  return {
    address: bound,
    close: () =>
      new Promise((resolve) => {
        api.stream.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Who connects and asks nothing makes room for who comes later, the longest silent first. By address: TLS gives a socket of its own. */
function boundSilent(server: Server): void {
  const silent = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    silent.set(name, socket);
    socket.once('close', () => {
      if (silent.get(name) === socket) silent.delete(name);
    });
    const [oldest] = silent.size > maxSilent ? silent.values() : [];
    oldest?.destroy();
  });
  server.on('request', ({ socket }) => silent.delete(nameOf(socket)));
}

class Api {
  readonly stream: LiveStream;
  bound: { host: string; port: number };
  private readonly options: ApiOptions;
  private readonly router = createRouter<Route>();
  private readonly asking = new RateLimit(askingRate);
  private readonly wrongTokens = new RateLimit(wrongTokenRate);

  constructor(options: ApiOptions) {
    this.options = options;
    this.bound = options.listen;
    this.stream = new LiveStream(options.source);
    for (const route of routes) addRoute(this.router, route.method, route.path.replace(/\{(\w+)\}/g, ':$1'), route);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.options.source.asked();
    try {
      await this.answer(request, response);
    } catch (error) {
      const problem = problemOf(error);
      if (problem.document.code === 'STANCH_E_BUG') this.options.onBug(error);
      this.sendProblem(response, problem);
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.refuseTooMuch(request);
    const url = requestUrl(request);
    if (this.logIn(request, url, response)) return;
    const file = this.options.page.get(url.pathname);
    const isDeed = request.method === 'POST';
    // The page's files hold nothing of this server: whoever may not read gets them, so that the page can ask for the token.
    const deed = findRoute(this.router, 'POST', url.pathname);
    if (file === undefined || isDeed) this.refuse(request, isDeed ? (deed?.data.needs ?? 'act') : 'read');
    if (isDeed && deed !== undefined) {
      await this.act(request, response, deed.data, decodeParams(deed.params));
      return;
    }
    const route = findRoute(this.router, 'GET', url.pathname);
    const isKnown = file !== undefined || route !== undefined || url.pathname === '/api/v1/stream' || url.pathname === '/openapi.json';
    if (isKnown && request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request.method, 'GET, HEAD');
    if (!isKnown && deed !== undefined) throw methodNotAllowed(request.method, 'POST');
    if (!isKnown) throw notFound(url.pathname);
    refuseBody(request);
    if (file !== undefined) sendFile(request, response, file);
    else if (route !== undefined) await this.answerRoute(request, response, route.data, decodeParams(route.params), url.searchParams);
    else if (url.pathname === '/api/v1/stream') this.openStream(request, response);
    else send(response, 200, 'application/json; charset=utf-8', JSON.stringify(openapiDocument(this.options.source.version)));
  }

  private async answerRoute(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    params: Record<string, string>,
    search: URLSearchParams,
  ): Promise<void> {
    const body = await route.answer(this.options.source, params, search, { body: null, ...this.whoAsks(request) });
    if (route.fileName !== undefined) response.setHeader('Content-Disposition', `attachment; filename="${route.fileName}"`);
    sendMade(request, response, route.contentType, body);
  }

  private async act(request: IncomingMessage, response: ServerResponse, route: Route, params: Record<string, string>): Promise<void> {
    const deed = { body: await readBody(request), ...this.whoAsks(request) };
    if (route.endsSession === true) this.endSession(response, deed.access);
    send(response, 200, route.contentType, await route.answer(this.options.source, params, new URLSearchParams(), deed));
  }

  private whoAsks(request: IncomingMessage): { address: string; access: Access } {
    return { address: request.socket.remoteAddress ?? '', access: accessOf(accessRequest(request), this.policy()) };
  }

  private endSession(response: ServerResponse, { session }: Access): void {
    response.setHeader('Set-Cookie', this.cookieHeader('', 0));
    if (session === null || rightOfSession(session, this.options.token, Date.now()) === null) return;
    try {
      this.options.endedSessions.end(session, Date.now());
    } catch (error) {
      throw new HttpProblem(507, 'STANCH_E_DATA_DIR', {
        expected: 'room in the data folder to put down that this session is over',
        found: error instanceof Error ? error.message : String(error),
        next: 'It is over until stanch is started anew. Make room, log in and out again.',
      });
    }
  }

  /** No script reads it, and no other site has it sent along. */
  private cookieHeader(session: string, seconds: number): string {
    const secure = this.options.tls === null ? '' : '; Secure';
    return `${sessionCookie}=${session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
  }

  private refuse(request: IncomingMessage, needs: Right): void {
    const refused = refusal(accessRequest(request), this.policy(), needs);
    if (refused === null) return;
    if (refused.status === 401) this.countWrong(request);
    throw refused;
  }

  /** The right token is never refused, however many wrong ones came from where it comes from. */
  private countWrong(request: IncomingMessage): void {
    const isTried = request.headers.authorization !== undefined || request.headers.cookie !== undefined;
    const waitSeconds = isTried ? this.wrongTokens.take(request.socket.remoteAddress ?? '', performance.now()) : 0;
    if (waitSeconds > 0) throw tooMuch('fewer wrong tokens', waitSeconds);
  }

  private refuseTooMuch(request: IncomingMessage): void {
    const address = request.socket.remoteAddress ?? '';
    const waitSeconds = isLoopback(address) ? 0 : this.asking.take(address, performance.now());
    if (waitSeconds > 0) throw tooMuch(`at most ${askingRate.perSecond} requests a second`, waitSeconds);
  }

  /** `/?token=…` in a browser: the token becomes a session in a cookie that no script reads, and is out of the address. */
  private logIn(request: IncomingMessage, url: URL, response: ServerResponse): boolean {
    const given = url.pathname === '/' ? url.searchParams.get('token') : null;
    if (given === null) return false;
    const right = rightOfToken(given, this.options);
    if (right === null) {
      const waitSeconds = this.wrongTokens.take(request.socket.remoteAddress ?? '', performance.now());
      if (waitSeconds > 0) throw tooMuch('fewer wrong tokens', waitSeconds);
      return false;
    }
    const session = createSession(right, this.options.token, Date.now());
    response.writeHead(303, {
      ...securityHeaders,
      Location: '/',
      'Set-Cookie': this.cookieHeader(session, sessionMs / 1000),
      'Cache-Control': 'no-store',
    });
    response.end();
    return true;
  }

  private policy(): AccessPolicy {
    const { token, readToken, source, endedSessions } = this.options;
    const allowLoopbackRead = source.settings().allowLoopbackRead && isLoopbackName(this.bound.host);
    const isEnded = (session: string) => endedSessions.has(session);
    return { token, readToken, nowMs: Date.now(), allowLoopbackRead, isEnded, listen: this.bound };
  }

  private openStream(request: IncomingMessage, response: ServerResponse): void {
    if (this.stream.isFull) {
      throw new HttpProblem(
        503,
        'STANCH_E_UNREACHABLE',
        { expected: 'a free place in the live stream', found: 'every place taken', next: 'Close another page of stanch.' },
        { 'Retry-After': '10' },
      );
    }
    if (request.method === 'HEAD') {
      send(response, 200, 'text/event-stream; charset=utf-8', '');
      return;
    }
    request.socket.setTimeout(0);
    this.stream.add(response, securityHeaders);
  }

  private sendProblem(response: ServerResponse, problem: HttpProblem): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
    // What the client still wants to send is of no interest.
    response.setHeader('Connection', 'close');
    send(response, problem.status, 'application/json; charset=utf-8', JSON.stringify(problem.document));
  }
}

function requestUrl(request: IncomingMessage): URL {
  const target = request.url ?? '';
  if (target.length > maxUrlLength) {
    throw new HttpProblem(414, 'STANCH_E_USAGE', {
      expected: `a URL of at most ${maxUrlLength} characters`,
      found: `${target.length}`,
      next: 'Ask for less at once.',
    });
  }
  const url = target.startsWith('/') ? URL.parse(`http://stanch.invalid${target}`) : null;
  if (url !== null && url.host === 'stanch.invalid') return url;
  throw new HttpProblem(400, 'STANCH_E_USAGE', {
    expected: 'a path',
    found: JSON.stringify(target.slice(0, 80)),
    next: 'See /openapi.json.',
  });
}

function refuseBody(request: IncomingMessage): void {
  const length = request.headers['content-length'];
  if (request.headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return;
  throw new HttpProblem(413, 'STANCH_E_USAGE', {
    expected: 'a request without a body',
    found: 'one with a body',
    next: 'See /openapi.json.',
  });
}

function notFound(path: string): HttpProblem {
  return new HttpProblem(404, 'STANCH_E_NO_INPUT', {
    expected: 'a path of the API or the page',
    found: JSON.stringify(path.slice(0, 100)),
    next: 'See /openapi.json for all of them.',
  });
}

function methodNotAllowed(method: string | undefined, allowed: string): HttpProblem {
  return new HttpProblem(
    405,
    'STANCH_E_USAGE',
    { expected: allowed, found: method ?? 'none', next: 'See /openapi.json.' },
    { Allow: allowed },
  );
}

function tooMuch(expected: string, waitSeconds: number): HttpProblem {
  const parts = { expected, found: 'more', next: `Wait ${waitSeconds} s.` };
  return new HttpProblem(429, 'STANCH_E_UNAUTHORISED', parts, { 'Retry-After': String(waitSeconds) });
}

function decodeParams(params: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, decodeParam(value)]));
}

function decodeParam(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // Not an encoding of anything: no id looks like it either.
    return value;
  }
}

function accessRequest(request: IncomingMessage) {
  const { host, authorization, cookie, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  return {
    peerAddress: request.socket.remoteAddress ?? '',
    host,
    authorization,
    cookie,
    origin,
    fetchSite: isNavigation(request) || typeof site !== 'string' ? undefined : site,
  };
}

/** Following a link to the page from elsewhere is fine: the other site gets to see nothing of it. */
function isNavigation(request: IncomingMessage): boolean {
  return request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
}

/** What is not HTTP, or too large to be read, never reaches `handle`. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({
    code: 'STANCH_E_USAGE',
    expected: 'an HTTP/1.1 request with headers of at most 8 KiB, within 10 s',
    found: error.code ?? 'something else',
    next: 'See /openapi.json.',
  });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function boundAddress(server: Server, asked: { host: string; port: number }): { host: string; port: number } {
  const address: AddressInfo | string | null = server.address();
  return address === null || typeof address === 'string' ? asked : { host: asked.host, port: address.port };
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}
