/** Jobs, whose class extends one of Node, stay with the runner when they are done. */
import { EventEmitter } from 'node:events';
import { serve } from './program.mjs';

class ImportJob extends EventEmitter {
  constructor(id) {
    super();
    this.id = id;
    this.source = `/imports/${id}.csv`;
  }
}

class JobRunner {
  constructor() {
    this.jobs = new Map();
  }

  start(id) {
    const job = new ImportJob(id);
    this.jobs.set(id, job);
    job.emit('done');
  }
}

const runner = new JobRunner();
await serve((id) => runner.start(id));
