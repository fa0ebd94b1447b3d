/** A worker thread has a heap of its own, and in it a map that only grows. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

class RenderJob {
  constructor(id) {
    this.id = id;
    this.template = `page ${id % 7}`;
    this.fields = { title: id };
  }
}

if (isMainThread) {
  const { serve } = await import('./program.mjs');
  const worker = new Worker(new URL(import.meta.url), { workerData: 'render' });
  await once(worker, 'online');
  worker.unref();
  await serve((id) => worker.postMessage(id));
} else {
  const rendered = new Map();
  parentPort.on('message', (id) => rendered.set(`${workerData}-${id}`, new RenderJob(id)));
}
