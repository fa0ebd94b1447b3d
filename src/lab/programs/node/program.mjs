/**
 * What all Node programs of the lab share: options, a clock in steps, chance by seed.
 * Plain JavaScript, started directly by Node: a type stripper would add its own memory to what is measured.
 *
 *   --rate 1MiB    bytes a second that the program takes; of what is counted, one for each 64 KiB
 *   --size 12MiB   where healthy programs stop growing; 12 seconds of --rate, unless given
 *   --noise 0.1    each step differs by up to a tenth, and up to a tenth of ten seconds' growth comes and goes
 *   --seed 1       same seed, same steps
 *
 * With STANCH_LAB_UNTIL_STDIN_ENDS in the environment a program ends when its stdin does: then whoever started it is gone, be it by
 * kill -9. It is no option, because it has no place in the name under which the program is seen.
 */
import { parseArgs } from 'node:util';

const shortestStepMs = 100;
/** Less at a time would be lost in what the allocator and the runtime need for themselves. */
const leastTakeBytes = 16 * 1024;
/** A leak that somebody forgot ends by itself before it hurts the machine. */
const mostHeldBytes = 2 * 1024 ** 3;
const bytesEach = 64 * 1024;
const mostCounted = 16_384;

/**
 * Runs `start({ rate, size, random })`, which gives a function of `(bytes, seconds)` to be called for each step:
 * the bytes that are due in it, and the seconds since the start.
 */
export function runProgram(start) {
  const options = readOptions(process.argv.slice(2));
  if (process.env.STANCH_LAB_UNTIL_STDIN_ENDS) endWithStdin();
  const random = seededRandom(options.seed);
  const step = start({ rate: options.rate, size: options.size, random });
  const stepMs = Math.max(shortestStepMs, (leastTakeBytes / options.rate) * 1000);
  const startMs = performance.now();
  let stepsDone = 0;
  let takenBytes = 0;
  let workingSet = null;
  const catchUp = () => {
    const stepsDue = 1 + Math.floor((performance.now() - startMs) / stepMs);
    for (; stepsDone < stepsDue; stepsDone += 1) {
      const bytes = Math.round(options.rate * (stepMs / 1000) * (1 + options.noise * (2 * random() - 1)));
      takenBytes += step(bytes, (stepsDone * stepMs) / 1000) ?? 0;
    }
    if (options.noise > 0) {
      if (workingSet !== null) drop(workingSet);
      workingSet = take(Math.round(options.noise * options.rate * 10 * random()));
    }
    if (takenBytes + (workingSet?.length ?? 0) > mostHeldBytes) process.exit(0);
  };
  catchUp();
  setInterval(catchUp, shortestStepMs);
  process.stdout.write('READY\n');
}

/** Memory that is really there: every page is written. */
export function take(bytes) {
  return Buffer.allocUnsafeSlow(Math.max(1, bytes)).fill(0x5a);
}

/** For programs that take open files or sockets: a function of the bytes of a step that says how many are due in it. */
export function counted() {
  let owed = 0;
  let taken = 0;
  return (bytes) => {
    owed += bytes / bytesEach;
    const due = Math.floor(owed);
    owed -= due;
    taken += due;
    if (taken > mostCounted) process.exit(0);
    return due;
  };
}

/** Gives memory back now, not when the garbage collector comes to it: what a program holds must be what it says it holds. */
export function drop(taken) {
  taken.buffer.transfer(0);
}

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      rate: { type: 'string', default: '1MiB' },
      size: { type: 'string' },
      noise: { type: 'string', default: '0.1' },
      seed: { type: 'string', default: '1' },
    },
  });
  const rate = parseSize(values.rate);
  return {
    rate,
    size: values.size === undefined ? rate * 12 : parseSize(values.size),
    noise: Number(values.noise),
    seed: Number(values.seed),
  };
}

function parseSize(text) {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(text);
  if (match === null) throw new Error(`expected a size such as 512KiB; found ${text}`);
  return Number(match[1]) * 1024 ** ['B', 'KiB', 'MiB', 'GiB'].indexOf(match[2]);
}

/** mulberry32, the same in all languages of the lab. */
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function endWithStdin() {
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => process.exit(0));
  process.stdin.resume();
}
