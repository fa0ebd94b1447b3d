/** Healthy: holds memory for the requests it serves; the requests come and go in waves, and so does its CPU time. */
import { drop, runProgram, take } from './program.mjs';

const busiestMsPerStep = 20;

const inFlight = [];

runProgram(({ rate, size }) => {
  const waveSeconds = (1.25 * size) / rate;
  let heldBytes = 0;
  return (bytes, seconds) => {
    const load = 0.5 - 0.5 * Math.cos((2 * Math.PI * seconds) / waveSeconds);
    while (heldBytes + bytes <= size * load) {
      inFlight.push(take(bytes));
      heldBytes += bytes;
    }
    while (heldBytes > size * load) {
      const served = inFlight.pop();
      heldBytes -= served.length;
      drop(served);
    }
    work(busiestMsPerStep * load);
  };
});

function work(ms) {
  const endMs = performance.now() + ms;
  let sum = 0;
  while (performance.now() < endMs) sum += Math.sqrt(sum + 1);
}
