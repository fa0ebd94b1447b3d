/** Fifty users, and what each of them ever did. */
import { serve } from './program.mjs';

class UserAction {
  constructor(id) {
    this.id = id;
    this.page = `/page/${id}`;
  }
}

const historyByUser = new Map();

await serve((id) => {
  const user = `user-${id % 50}`;
  if (!historyByUser.has(user)) historyByUser.set(user, []);
  historyByUser.get(user).push(new UserAction(id));
});
