/** A list of jobs, one linked to the next, that is emptied as fast as it is filled, and listeners that are removed. */
import { EventEmitter } from 'node:events';
import { serve } from './program.mjs';

class Job {
  constructor(id) {
    this.id = id;
    this.text = `job ${id}`;
    this.next = null;
  }
}

let head = null;
let tail = null;
let length = 0;
const bus = new EventEmitter().setMaxListeners(0);
const listening = [];

await serve((id) => {
  const job = new Job(id);
  if (tail === null) head = job;
  else tail.next = job;
  tail = job;
  length += 1;
  if (length > 300) {
    head = head.next;
    length -= 1;
  }
  const onChange = () => job.id;
  bus.on('change', onChange);
  listening.push(onChange);
  if (listening.length > 100) bus.off('change', listening.shift());
});
