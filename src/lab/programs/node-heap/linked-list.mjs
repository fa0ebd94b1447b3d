/** A queue of mails that is filled and never emptied. */
import { serve } from './program.mjs';

class MailJob {
  constructor(id) {
    this.to = `user-${id}@example.com`;
    this.subject = `Order ${id}`;
    this.next = null;
  }
}

class MailQueue {
  constructor() {
    this.head = null;
    this.tail = null;
  }

  add(job) {
    if (this.tail === null) this.head = job;
    else this.tail.next = job;
    this.tail = job;
  }
}

const mails = new MailQueue();
await serve((id) => mails.add(new MailJob(id)));
