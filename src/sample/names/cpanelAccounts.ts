/**
 * Accounts of a host with cPanel's layout and their domains. A file is read again when it changed. Without the layout there are none,
 * and asking costs nothing: the folder is looked for now and then.
 */
import { statSync } from 'node:fs';
import { missingFor } from '../../kernel/read.ts';
import type { HostingAccount } from '../workload/workloadRule.ts';
import { readCpanelUserDomains } from './cpanelUserDomains.ts';
import { readCpanelUserFile } from './cpanelUserFile.ts';

/** More accounts than run programs on one server; beyond it the oldest answer is forgotten, and read again when asked for. */
const maxAccounts = 4096;
/** cPanel is installed once in the life of a host. */
const lookEveryQuestions = 1024;
const accountName = /^[a-z][\w-]{0,31}$/i;

export class CpanelAccounts {
  readonly #layout: string;
  readonly #lists: readonly DomainList[];
  #hasLayout = false;
  #questions = 0;
  readonly #known = new Map<string, { modifiedMs: number; account: HostingAccount | null }>();

  /** `root` is where `var/cpanel` and `etc` are found. */
  constructor(root: string) {
    this.#layout = `${root}/var/cpanel`;
    this.#lists = ['trueuserdomains', 'userdomains'].map((name) => new DomainList(`${root}/etc/${name}`));
  }

  of(user: string): HostingAccount | null {
    if (this.#questions % lookEveryQuestions === 0) this.#hasLayout = modifiedMsOf(this.#layout) !== null;
    this.#questions += 1;
    if (!this.#hasLayout || !accountName.test(user)) return null;
    const path = `${this.#layout}/users/${user}`;
    const modifiedMs = modifiedMsOf(path);
    if (modifiedMs === null) return this.#listed(user);
    const known = this.#known.get(user);
    if (known !== undefined && known.modifiedMs === modifiedMs) return known.account ?? this.#listed(user);
    const domains = readCpanelUserFile(path);
    const account = domains === null ? null : { name: user, domains };
    const oldest = this.#known.keys().next();
    if (this.#known.size >= maxAccounts && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(user, { modifiedMs, account });
    return account ?? this.#listed(user);
  }

  /** Where the file of the account may not be read, or is not there any more. */
  #listed(user: string): HostingAccount | null {
    const domains = this.#lists.flatMap((list) => list.of(user));
    return domains.length === 0 ? null : { name: user, domains: [...new Set(domains)] };
  }
}

class DomainList {
  readonly #path: string;
  #modifiedMs: number | null = null;
  #domains = new Map<string, string[]>();

  constructor(path: string) {
    this.#path = path;
  }

  of(user: string): readonly string[] {
    const modifiedMs = modifiedMsOf(this.#path);
    if (modifiedMs !== this.#modifiedMs) {
      this.#modifiedMs = modifiedMs;
      this.#domains = modifiedMs === null ? new Map() : readCpanelUserDomains(this.#path);
    }
    return this.#domains.get(user) ?? [];
  }
}

/** null when it is not there. */
function modifiedMsOf(path: string): number | null {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch (error) {
    missingFor(error);
    return null;
  }
}
