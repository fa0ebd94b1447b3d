/** Methods of what each request makes, bound to it, are kept to be called at the end. */
import { serve } from './program.mjs';

class DatabaseCursor {
  constructor(id) {
    this.id = id;
    this.rows = [id, id + 1];
  }

  close() {
    this.rows = [];
  }
}

const atExit = [];

await serve((id) => atExit.push(new DatabaseCursor(id).close.bind(new DatabaseCursor(-id))));
