/** Every address that ever asked, in a Set. */
import { serve } from './program.mjs';

class VisitorLog {
  seen = new Set();

  visit(id) {
    this.seen.add(`visitor-${id}.example.com/and/a/longer/path/to/see/what/it/weighs`);
  }
}

const visitors = new VisitorLog();
await serve((id) => visitors.visit(id));
