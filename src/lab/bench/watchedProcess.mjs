/**
 * A process with 3,000 open files that is watched: for as many ms as each line on stdin says, it opens and closes a file and touches
 * another page of memory every fifth of a millisecond, and then says how many times, and how long the slowest ones took, in ms.
 */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';

const held = Array.from({ length: 3000 }, () => openSync('/dev/null'));
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pageBytes = 4096;

console.log('READY');
createInterface(process.stdin)
  .on('line', (line) => console.log(JSON.stringify(work(Number(line)))))
  .on('close', () => process.exit(held.length > 0 ? 0 : 1));

function work(ms) {
  // Comes from the kernel page by page, when a page is touched.
  const memory = new Uint8Array(ms * 10 * pageBytes);
  const endMs = performance.now() + ms;
  const took = [];
  while (performance.now() < endMs) {
    Atomics.wait(sleeper, 0, 0, 0.2);
    const startMs = performance.now();
    closeSync(openSync('/dev/null'));
    memory[took.length * pageBytes] = 1;
    took.push(performance.now() - startMs);
  }
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  return { times: took.length, median: at(0.5), p999: at(0.999), slowest: at(1), overOneMs: took.filter((one) => one > 1).length };
}
