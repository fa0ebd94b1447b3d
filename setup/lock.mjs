import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from './setupError.mjs';
import { dist } from './where.mjs';

const lockFile = join(dist, '.setup-lock');
const pollMs = 250;
const patienceMs = 15 * 60_000;

/** One set-up at a time: `npm start` and `npm test` of a fresh clone may be started side by side. */
export async function withSetupLock(work) {
  await takeLock();
  process.once('exit', dropLock);
  try {
    await work();
  } finally {
    process.off('exit', dropLock);
    dropLock();
  }
}

async function takeLock() {
  const deadlineMs = Date.now() + patienceMs;
  let told = false;
  while (!tryLock()) {
    const owner = lockOwner();
    if (owner === null) {
      dropLock();
      continue;
    }
    if (!told) process.stderr.write(`stanch: waiting for another set-up of this folder (pid ${owner}).\n`);
    told = true;
    if (Date.now() > deadlineMs) throw new SetupError(`another set-up (pid ${owner}) does not end. If there is none, remove ${lockFile}.`);
    await sleep(pollMs);
  }
}

function tryLock() {
  try {
    mkdirSync(dist, { recursive: true });
    // Filled before it has its name: an empty one would be taken for that of a dead set-up.
    const own = `${lockFile}.${process.pid}`;
    writeFileSync(own, `${process.pid}\n`);
    try {
      linkSync(own, lockFile);
    } finally {
      rmSync(own, { force: true });
    }
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new SetupError(`expected to be able to write ${dist}; found ${error.code}. Run it as the user who owns the checkout.`);
  }
}

/** Pid of a set-up that is alive, else null: a killed one leaves its file behind. */
function lockOwner() {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return null;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine.includes('setup.mjs') ? pid : null;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}

function dropLock() {
  rmSync(lockFile, { force: true });
}
