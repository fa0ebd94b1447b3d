/** Errors of a class of the program's own are kept for a report that nobody asks for. */
import { serve } from './program.mjs';

class PaymentRefused extends Error {
  constructor(order) {
    super(`order ${order} was not paid`);
    this.order = order;
  }
}

class FailureReport {
  failures = [];

  try(id) {
    try {
      throw new PaymentRefused(id);
    } catch (error) {
      this.failures.push(error);
    }
  }
}

const report = new FailureReport();
await serve((id) => report.try(id));
