/** Certificate and key, and who must have them. */
import { readFileSync } from 'node:fs';
import { StanchError } from '../model/errors.ts';
import type { Settings, TlsSettings } from '../model/settings.ts';
import { isLoopback, urlHost } from './access.ts';

/** Errors: STANCH_E_CONFIG. */
export function readCertificate({ certFile, keyFile }: TlsSettings): { cert: Buffer; key: Buffer } {
  return { cert: readPem(certFile, 'certificate'), key: readPem(keyFile, 'key') };
}

/** The same, once it is known that a server can start with them. Loads what TLS needs, which takes memory. Errors: STANCH_E_CONFIG. */
export async function usableCertificate(tls: TlsSettings): Promise<{ cert: Buffer; key: Buffer }> {
  const pair = readCertificate(tls);
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw refused(`a certificate in ${tls.certFile} and the key that belongs to it in ${tls.keyFile}`, cause);
  }
}

function readPem(file: string, what: string): Buffer {
  try {
    const bytes = readFileSync(file);
    if (!bytes.includes('-----BEGIN ')) throw new Error('no PEM');
    return bytes;
  } catch (cause) {
    throw refused(`the ${what} for TLS in ${file}, as PEM`, cause);
  }
}

function refused(expected: string, cause: unknown): StanchError {
  return new StanchError('STANCH_E_CONFIG', {
    expected,
    found: cause instanceof Error ? cause.message : String(cause),
    next: 'Correct serve.tls_cert and serve.tls_key, then: stanch config check',
    cause,
  });
}

/** The token must not cross a network in the open. Errors: STANCH_E_CONFIG. */
export function requireTlsBeyondLoopback({ listen, tls, allowPlainRemote }: Pick<Settings, 'listen' | 'tls' | 'allowPlainRemote'>): void {
  const isHere = listen.host === 'localhost' || isLoopback(listen.host);
  if (isHere || tls !== null || allowPlainRemote) return;
  throw new StanchError('STANCH_E_CONFIG', {
    expected: 'TLS for whoever comes from another machine: serve.tls_cert and serve.tls_key',
    found: `neither, and ${urlHost(listen.host)}:${listen.port} to listen on`,
    next: 'Name them; or listen on 127.0.0.1 and come by ssh -L 7420:127.0.0.1:7420; or, behind a proxy that does TLS, set serve.allow_plain_remote = true.',
  });
}
