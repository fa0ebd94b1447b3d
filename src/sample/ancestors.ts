/**
 * The programs that processes come from, for rules that go by who started one. Read when asked for, and once a scan:
 * a hundred children of one parent cost one reading of it.
 */
import { readlinkSync, statSync } from 'node:fs';
import { parsePidCmdline } from '../kernel/pidCmdline.ts';
import { emptyPidStat, parsePidStat } from '../kernel/pidStat.ts';
import { missingFor, readRecord } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';
import { maskedArguments } from './commandLine.ts';
import type { UserNames } from './userNames.ts';
import type { Program } from './workload/workloadRule.ts';

/** Launchers have short command lines. */
const bufferBytes = 8192;

export class Ancestors {
  readonly #procRoot: string;
  readonly #users: UserNames;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #stat = emptyPidStat();
  readonly #known = new Map<number, Program | null>();
  #scan = -1;

  constructor(procRoot: string, users: UserNames) {
    this.#procRoot = procRoot;
    this.#users = users;
  }

  /** null for none, and for one that has ended or can't be seen. */
  of(pid: number, scan: number): Program | null {
    if (scan !== this.#scan) this.#known.clear();
    this.#scan = scan;
    const known = this.#known.get(pid);
    if (known !== undefined) return known;
    const program = pid > 0 ? this.#read(pid, scan) : null;
    this.#known.set(pid, program);
    return program;
  }

  #read(pid: number, scan: number): Program | null {
    const directory = `${this.#procRoot}/${pid}`;
    const statLength = readRecord(`${directory}/stat`, this.#buffer);
    if (!isValue(statLength) || !parsePidStat(this.#buffer, statLength, this.#stat)) return null;
    const { parentPid, commStart, commEnd } = this.#stat;
    const comm = this.#buffer.toString('latin1', commStart, commEnd);
    const length = readRecord(`${directory}/cmdline`, this.#buffer);
    const users = this.#users;
    return {
      pid,
      comm,
      argv: maskedArguments(isValue(length) ? parsePidCmdline(this.#buffer, length) : []),
      get user() {
        return ownerOf(directory, users);
      },
      workingDirectory: () => workingDirectoryOf(directory),
      parent: () => this.of(parentPid, scan),
    };
  }
}

/** The kernel gives the folder of a process to its effective user. */
function ownerOf(directory: string, users: UserNames): string {
  try {
    return users.of(statSync(directory).uid);
  } catch (error) {
    missingFor(error);
    return '?';
  }
}

/** null when it can't be seen. `directory` is that of the process under /proc. */
export function workingDirectoryOf(directory: string): string | null {
  try {
    return readlinkSync(`${directory}/cwd`, 'latin1').replace(/ \(deleted\)$/, '');
  } catch (error) {
    missingFor(error);
    return null;
  }
}
