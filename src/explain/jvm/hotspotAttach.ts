/**
 * HotSpot's own way of being asked from outside: a file asks it to listen when it gets SIGQUIT, then one command a connection on a UNIX socket. No JDK
 * is needed. A JVM that does not catch SIGQUIT would be ended by it, so that is asked first. Its /tmp may be that of a container: nothing in it is
 * followed that is a link.
 * src/hotspot/os/posix/attachListener_posix.cpp and src/jdk.attach of OpenJDK.
 */
import { closeSync, constants, fchownSync, lstatSync, openSync, rmSync, type Stats, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPidMaps } from '../../kernel/pidMaps.ts';
import { hears, readPidSignals } from '../../kernel/pidSignals.ts';
import { readText } from '../../kernel/read.ts';
import { StanchError } from '../../model/errors.ts';
import { isValue } from '../../model/reading.ts';

const listenPatienceMs = 5_000;
const answerPatienceMs = 30_000;
const askEveryMs = 50;
const mostAnswerBytes = 1 << 20;

export interface JvmAddress {
  pid: number;
  /** Its pid in its own namespace. */
  ownPid: number;
  /** Its /tmp, seen from here. */
  folder: string;
  uid: number;
  gid: number;
}

/** Of a JVM that catches SIGQUIT. Errors: STANCH_E_NOT_POSSIBLE. */
export function attachableJvm(pid: number): JvmAddress {
  const maps = readPidMaps('/proc', pid);
  const signals = readPidSignals(pid);
  if (!isValue(maps) || !maps.files.some((path) => /\/libjvm\.so/.test(path))) throw notPossible('a process on HotSpot', 'another one');
  if (!isValue(signals) || !hears(signals, 'SIGQUIT'))
    throw notPossible('a JVM that catches SIGQUIT', 'one that it would end: it runs with -Xrs, or just starts');
  const status = readText(`/proc/${pid}/status`, 16_384);
  const text = isValue(status) ? status : '';
  const numberOf = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const [uid, gid] = [numberOf(/^Uid:\t\d+\t(\d+)/m), numberOf(/^Gid:\t\d+\t(\d+)/m)];
  const folder = `/proc/${pid}/root/tmp`;
  if (!Number.isInteger(uid + gid) || seen(folder)?.isDirectory() !== true)
    throw notPossible('a JVM with a /tmp that is a folder', 'none, or that it is gone');
  return { pid, ownPid: numberOf(/^NSpid:.*\t(\d+)$/m) || pid, folder, uid, gid };
}

function seen(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** One command of jcmd, with its answer. Errors: STANCH_E_NOT_POSSIBLE. */
export async function askJvm(jvm: JvmAddress, command: string): Promise<string> {
  const socket = await listening(jvm);
  const answer = await conversation(socket, `1\0jcmd\0${command}\0\0\0`);
  const [code, ...rest] = answer.split('\n');
  if (code !== '0') throw notPossible(`the JVM to do ${command.split(' ')[0]}`, rest.join(' ').trim().slice(0, 300) || 'a refusal');
  return rest.join('\n');
}

async function listening(jvm: JvmAddress): Promise<string> {
  const socket = `${jvm.folder}/.java_pid${jvm.ownPid}`;
  if (isSocketOf(jvm, socket)) return socket;
  const wish = wishOf(jvm);
  giveTo(jvm, wish, '');
  try {
    process.kill(jvm.pid, 'SIGQUIT');
    for (const end = performance.now() + listenPatienceMs; performance.now() < end; await sleep(askEveryMs))
      if (isSocketOf(jvm, socket)) return socket;
  } finally {
    rmSync(wish, { force: true });
  }
  throw notPossible('the JVM to listen after SIGQUIT', 'that it does not: it runs with -XX:+DisableAttachMechanism, or is too busy');
}

/** The file that asks a JVM to listen: whoever makes it takes it away, unless it is ended by force before. */
export function wishOf({ folder, ownPid }: JvmAddress): string {
  return `${folder}/.attach_pid${ownPid}`;
}

function isSocketOf({ uid }: JvmAddress, path: string): boolean {
  const found = seen(path);
  return found?.isSocket() === true && found.uid === uid;
}

/** A new file that belongs to the JVM's user, and is written before it does. */
export function giveTo({ uid, gid }: JvmAddress, path: string, content: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    if (content !== '') writeSync(fd, content);
    fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

async function conversation(path: string, question: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    const parts: Buffer[] = [];
    let bytes = 0;
    socket.setTimeout(answerPatienceMs, () => socket.destroy(notPossible('the JVM to answer', `nothing in ${answerPatienceMs / 1000} s`)));
    socket.on('data', (part) => {
      bytes += part.length;
      if (bytes > mostAnswerBytes) socket.destroy(notPossible('a short answer of the JVM', 'a long one'));
      else parts.push(part);
    });
    socket.on('error', (error) => reject(error instanceof StanchError ? error : notPossible('the JVM to answer', error.message)));
    socket.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    socket.write(question);
  });
}

export function notPossible(expected: string, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', { expected, found, next: 'Without --means samples its memory is only read.' });
}
