/** Each request listens to the signal that ends the server, and never stops. */
import { setMaxListeners } from 'node:events';
import { serve } from './program.mjs';

const shutdown = new AbortController();
setMaxListeners(0, shutdown.signal);

class Connection {
  constructor(id) {
    this.id = id;
    this.buffered = [`request ${id}`];
  }
}

await serve((id) => {
  const connection = new Connection(id);
  shutdown.signal.addEventListener('abort', function closeConnection() {
    connection.buffered = null;
  });
});
