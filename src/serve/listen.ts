/** Binds the address, or says why not. */
import type { Server } from 'node:http';
import { StanchError } from '../model/errors.ts';
import { urlHost } from './access.ts';

/** `onLaterError` hears of what happens to the listening socket afterwards. */
export function listen(server: Server, at: { host: string; port: number }, onLaterError: (error: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, at)));
    server.listen({ host: at.host, port: at.port }, () => {
      server.removeAllListeners('error');
      server.on('error', onLaterError);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): StanchError {
  const address = `${urlHost(host)}:${port}`;
  if (error.code === 'EADDRINUSE') {
    return new StanchError('STANCH_E_PORT_IN_USE', {
      expected: `${address} to be free`,
      found: 'another program listening on it, perhaps another stanch',
      next: `Choose another: stanch run --listen ${urlHost(host)}:${port >= 65535 ? 7421 : port + 1}`,
      cause: error,
    });
  }
  if (error.code === 'EACCES') {
    return new StanchError('STANCH_E_NOT_PERMITTED', {
      expected: `to be allowed to listen on ${address}`,
      found: 'a port kept for root',
      next: 'Choose a port above 1023: stanch run --listen 127.0.0.1:7420',
      cause: error,
    });
  }
  return new StanchError('STANCH_E_USAGE', {
    expected: 'an address of this machine to listen on',
    found: `${address} (${error.code ?? error.message})`,
    next: 'stanch run --listen 127.0.0.1:7420',
    cause: error,
  });
}
