/** Healthy: grows while it starts, ever slower, then is flat. */
import { runProgram, take } from './program.mjs';

const loaded = [];

runProgram(({ rate, size }) => {
  const warmSeconds = (2 * size) / rate;
  return (bytes, seconds) => {
    const share = Math.max(0, 1 - seconds / warmSeconds);
    if (share > 0) loaded.push(take(Math.round(bytes * share)));
  };
});
