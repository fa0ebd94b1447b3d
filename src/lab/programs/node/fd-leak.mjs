/** Leaks open files: opens its log anew for each of its requests, after the log was rotated away, and closes none. */
import { openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counted, runProgram } from './program.mjs';

const log = join(tmpdir(), `stanch-lab-${process.pid}.log`);

runProgram(() => {
  const due = counted();
  return (bytes) => {
    for (let left = due(bytes); left > 0; left -= 1) {
      openSync(log, 'a');
      unlinkSync(log);
    }
  };
});
