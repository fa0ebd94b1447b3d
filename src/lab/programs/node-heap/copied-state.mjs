/** A state that is never changed but copied, with one more in it each time. */
import { serve } from './program.mjs';

class CartEvent {
  constructor(id) {
    this.id = id;
    this.kind = 'added';
  }
}

let cartState = { version: 0, events: [] };

await serve((id) => {
  if (id % 4 !== 0) return;
  cartState = { version: id, events: [...cartState.events, new CartEvent(id)] };
});
