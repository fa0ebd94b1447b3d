/** Entries of a log in an array of the class. */
import { serve } from './program.mjs';

class AuditEntry {
  constructor(id) {
    this.path = `/orders/${id}`;
    this.at = id;
  }
}

class AuditLog {
  static entries = [];

  write(id) {
    AuditLog.entries.push(new AuditEntry(id));
  }
}

const log = new AuditLog();
await serve((id) => log.write(id));
