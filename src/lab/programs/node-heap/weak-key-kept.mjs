/** What a request knows is kept by the request itself, which would be fine, if not for a set of the requests that are open. */
import { serve } from './program.mjs';

class HttpExchange {
  constructor(id) {
    this.url = `/orders/${id}`;
  }
}

const contexts = new WeakMap();
const openExchanges = new Set();

await serve((id) => {
  const exchange = new HttpExchange(id);
  contexts.set(exchange, { user: `customer-${id}`, roles: ['buyer'] });
  openExchanges.add(exchange);
  if (id % 3 === 0) openExchanges.delete(exchange);
});
