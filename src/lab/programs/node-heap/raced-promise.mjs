/** Each request races against one promise for the end of the server, which never comes. */
import { serve } from './program.mjs';

const shutdown = new Promise(() => undefined);

class Lookup {
  constructor(id) {
    this.key = `order-${id}`;
  }

  async run() {
    await Promise.race([shutdown, Promise.resolve(this.key)]);
    return this;
  }
}

await serve((id) => new Lookup(id).run());
