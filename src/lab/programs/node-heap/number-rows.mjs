/** Measurements as small arrays of numbers, in an array of all there ever were. */
import { serve } from './program.mjs';

class Metrics {
  samples = [];

  observe(at, value) {
    this.samples.push([at, value / 7, value / 11]);
  }
}

const metrics = new Metrics();

await serve((id) => {
  metrics.observe(Date.now(), id);
  metrics.observe(Date.now(), id + 1);
});
