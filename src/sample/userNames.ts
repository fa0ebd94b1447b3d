/** Names of user ids from /etc/passwd. Accounts of a directory service are shown by their number. */

import { readText } from '../kernel/read.ts';
import { isValue } from '../model/reading.ts';

const maxBytes = 4 << 20;
/** An unknown id may belong to a new account: the file is read again, but not more often than this many questions. */
const reloadAfterMisses = 256;

export class UserNames {
  readonly #file: string;
  #names: Map<number, string> | null = null;
  #misses = 0;

  constructor(file: string) {
    this.#file = file;
  }

  of(uid: number): string {
    this.#names ??= this.#load();
    const name = this.#names.get(uid);
    if (name !== undefined) return name;
    this.#misses += 1;
    if (this.#misses >= reloadAfterMisses) {
      this.#misses = 0;
      this.#names = this.#load();
    }
    return this.#names.get(uid) ?? String(uid);
  }

  #load(): Map<number, string> {
    const text = readText(this.#file, maxBytes);
    return isValue(text) ? parsePasswd(text) : new Map();
  }
}

/** `name:password:uid:gid:…`; the first name of an id counts. */
function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':', 3);
    if (name === undefined || uid === undefined || !/^[\w.@-]{1,64}\$?$/.test(name) || !/^\d{1,10}$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
