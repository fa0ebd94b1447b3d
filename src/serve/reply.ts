/** How an answer leaves: always with the headers that keep a browser from doing anything else with it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { PageFile } from './pageFiles.ts';

/** Bytes; smaller ones fit into a few packets as they are. */
const worthCompressing = 4096;
/** JSON of the API shrinks to a tenth at any level: the fastest costs the daemon least. */
const level = 1;

export const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

export function send(response: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, {
    ...securityHeaders,
    'Content-Type': contentType,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
  });
  response.end(bytes);
}

/** An answer made just now, compressed where the client takes that: people look at this page over ssh and phones. */
export function sendMade(request: IncomingMessage, response: ServerResponse, contentType: string, body: string | Buffer): void {
  response.setHeader('Vary', 'Accept-Encoding');
  if (body.length < worthCompressing || typeof body !== 'string' || !takesGzip(request)) {
    send(response, 200, contentType, body);
    return;
  }
  response.setHeader('Content-Encoding', 'gzip');
  send(response, 200, contentType, gzipSync(body, { level }));
}

function takesGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
}

export function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const headers = { ...securityHeaders, 'Cache-Control': file.cacheControl, ETag: file.etag, Vary: 'Accept-Encoding' };
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const useGzip = file.gzip !== null && takesGzip(request);
  const body = useGzip && file.gzip !== null ? file.gzip : file.plain;
  response.writeHead(200, {
    ...headers,
    'Content-Type': file.contentType,
    'Content-Length': body.length,
    ...(useGzip ? { 'Content-Encoding': 'gzip' } : {}),
  });
  response.end(body);
}
