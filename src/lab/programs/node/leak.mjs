/** Leaks: keeps everything it ever took. */
import { runProgram, take } from './program.mjs';

const forgotten = [];

runProgram(() => (bytes) => {
  forgotten.push(take(bytes));
  return bytes;
});
