/** Sessions by token in a Map of a service, never removed. */
import { serve } from './program.mjs';

class UserSession {
  constructor(id) {
    this.token = `token-${id}`;
    this.user = `user-${id}@example.com`;
    this.steps = [id, id + 1, id + 2];
  }
}

class SessionStore {
  #byToken = new Map();

  open(id) {
    const session = new UserSession(id);
    this.#byToken.set(session.token, session);
  }
}

const store = new SessionStore();
await serve((id) => store.open(id));
