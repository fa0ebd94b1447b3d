/** Healthy: makes garbage four times as fast as the leak leaks, and collects it whenever it has piled up. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runProgram } from './program.mjs';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

let garbage = [];

runProgram(({ size }) => {
  let garbageBytes = 0;
  return (bytes) => {
    // On the heap of V8, which gives pages back when it collects; so large that it is never copied about.
    garbage.push(new Array(Math.ceil((4 * bytes) / 8)).fill(0));
    garbageBytes += 4 * bytes;
    if (garbageBytes < size) return;
    garbage = [];
    garbageBytes = 0;
    collectGarbage();
  };
});
