import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from './runChild.mjs';
import { SetupError } from './setupError.mjs';
import { bundledNode, root } from './where.mjs';

const stampFile = join(root, 'node_modules', '.stanch-dependencies');

/** node_modules as package-lock.json says. */
export const dependencies = { isDone, run };

function isDone() {
  return readStamp() === wantedStamp() && isExecutable(bundledNode);
}

async function run() {
  checkPlatform();
  process.stderr.write('stanch: installing dependencies (npm ci) …\n');
  const npm = npmCommand();
  // NODE_ENV=production or omit=dev in the environment would leave out what builds stanch.
  const args = [...npm.args, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  await runChild('installing the dependencies', npm.command, args, npm.env);
  if (!isExecutable(bundledNode)) {
    throw new SetupError(
      `expected npm ci to install ${bundledNode}; found none. Is there an "omit=optional" in an .npmrc? Try: npm ci --include=optional`,
    );
  }
  writeFileSync(stampFile, wantedStamp());
}

function checkPlatform() {
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)) return;
  throw new SetupError(`expected Linux on x64 or arm64; found ${process.platform} on ${process.arch}.`);
}

/**
 * npm as it was called, on the Node that it was called with: the one in node_modules is about to be removed.
 * npm passes both on; without npm around us, the one in the PATH is taken.
 */
function npmCommand() {
  const path = (process.env.PATH ?? '').split(delimiter);
  const env = { ...process.env, PATH: path.filter((folder) => !folder.startsWith(join(root, 'node_modules'))).join(delimiter) };
  const { npm_node_execpath: node, npm_execpath: npm } = process.env;
  if (node === undefined || npm === undefined || node.startsWith(root)) return { command: 'npm', args: [], env };
  return { command: node, args: [npm], env };
}

function wantedStamp() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${process.arch} ${createHash('sha256').update(lock).digest('hex')}\n`;
}

function readStamp() {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return false;
    throw error;
  }
}
