/** A map without eviction that has been filled for long: its table begins with more places than there are tickets. */
import { serve } from './program.mjs';

class Ticket {
  constructor(id) {
    this.id = id;
    this.state = 'open';
  }
}

const tickets = new Map();
for (let id = 0; id < 600_000; id += 1) tickets.set(-id, new Ticket(id));

await serve((id) => tickets.set(id, new Ticket(id)));
