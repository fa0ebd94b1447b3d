/** What stanch asks of systemd, in words of units. Over the open connection; where there is none, by systemctl, unless nothing may be started. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StanchError } from '../../model/errors.ts';
import type { DbusValue } from './dbusWire.ts';
import { SystemdBus, SystemdRefusal } from './systemdBus.ts';

const execute = promisify(execFile);
const systemctlMs = 60_000;

export interface NewScope {
  scope: string;
  slice: string;
  description: string;
  pids: readonly number[];
}

export interface Systemd {
  restart(unit: string): Promise<void>;
  /** Reads the configuration of a service anew, as it does gracefully by itself. */
  reloadUnit(unit: string): Promise<void>;
  stop(unit: string): Promise<void>;
  freeze(unit: string): Promise<void>;
  thaw(unit: string): Promise<void>;
  /** Reads all unit files anew. */
  reload(): Promise<void>;
  /** A transient scope with these processes, moved there a moment later. */
  startScope(scope: NewScope): Promise<void>;
  /** `loaded`, `masked`, `not-found`, `bad-setting`, `error`. */
  loadState(unit: string): Promise<string>;
  /** `active`, `activating`, `deactivating`, `failed`, `inactive`. */
  activeState(unit: string): Promise<string>;
  /** Something is to be done for it yet. */
  hasJob(unit: string): Promise<boolean>;
}

/** Opens its connection when it is first asked, and anew when that broke. */
export class SystemdOverBus implements Systemd {
  readonly #mayStart: boolean;
  readonly #open: () => Promise<SystemdBus>;
  #bus: SystemdBus | null = null;

  /** `mayStart`: whether systemctl may be started where the connection fails. */
  constructor({ mayStart = true, open = () => SystemdBus.open() }: { mayStart?: boolean; open?: () => Promise<SystemdBus> } = {}) {
    this.#mayStart = mayStart;
    this.#open = open;
  }

  /** Throws STANCH_E_SYSTEMD when there is none. */
  async connect(): Promise<void> {
    await this.#connected();
  }

  close(): void {
    this.#bus?.close();
    this.#bus = null;
  }

  async restart(unit: string): Promise<void> {
    await this.#do(unit, 'RestartUnit', 'ss', [unit, 'replace'], ['--no-block', 'restart', unit]);
  }

  async reloadUnit(unit: string): Promise<void> {
    await this.#do(unit, 'ReloadUnit', 'ss', [unit, 'replace'], ['--no-block', 'reload', unit]);
  }

  async stop(unit: string): Promise<void> {
    await this.#do(unit, 'StopUnit', 'ss', [unit, 'replace'], ['--no-block', 'stop', unit]);
  }

  async freeze(unit: string): Promise<void> {
    await this.#do(unit, 'FreezeUnit', 's', [unit], ['freeze', unit]);
  }

  async thaw(unit: string): Promise<void> {
    await this.#do(unit, 'ThawUnit', 's', [unit], ['thaw', unit]);
  }

  async enable(unit: string): Promise<void> {
    await this.#do(unit, 'EnableUnitFiles', 'asbb', [[unit], false, true], ['enable', unit]);
  }

  async disable(unit: string): Promise<void> {
    await this.#do(unit, 'DisableUnitFiles', 'asb', [[unit], false], ['disable', unit]);
  }

  async reload(): Promise<void> {
    await this.#do('systemd', 'Reload', '', [], ['daemon-reload']);
  }

  /** systemctl has no word for it. */
  async startScope({ scope, slice, description, pids }: NewScope): Promise<void> {
    const properties: DbusValue[] = [
      ['Description', { signature: 's', value: description }],
      ['Slice', { signature: 's', value: slice }],
      ['PIDs', { signature: 'au', value: [...pids] }],
    ];
    await this.#call(scope, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', [scope, 'fail', properties, []]);
  }

  async loadState(unit: string): Promise<string> {
    const told = await this.#property(unit, 'LoadState');
    return typeof told === 'string' ? told.trim() : 'error';
  }

  async activeState(unit: string): Promise<string> {
    const told = await this.#property(unit, 'ActiveState');
    return typeof told === 'string' ? told.trim() : 'error';
  }

  /** A number and a path, 0 for none; systemctl writes nothing or 0 then. */
  async hasJob(unit: string): Promise<boolean> {
    const told = await this.#property(unit, 'Job');
    return Array.isArray(told) ? told[0] !== 0 : Number(told) > 0;
  }

  #property(unit: string, name: string): Promise<DbusValue | undefined> {
    return this.#orSystemctl(
      async () => (await this.#ask(unit, 'tell the state of', (bus) => bus.property(unit, name)))[0],
      ['show', '--value', `--property=${name}`, '--', unit],
    );
  }

  async #do(unit: string, member: string, signature: string, body: readonly DbusValue[], instead: readonly string[]): Promise<void> {
    await this.#orSystemctl(() => this.#call(unit, member, signature, body), instead);
  }

  async #call(unit: string, member: string, signature: string, body: readonly DbusValue[]): Promise<void> {
    await this.#ask(unit, `do ${member} for`, (bus) => bus.call(member, signature, body));
  }

  /** Only where there is no connection: what was asked over one may be done yet, and a restart done twice. */
  async #orSystemctl<T>(ask: () => Promise<T>, instead: readonly string[]): Promise<T | string> {
    try {
      await this.#connected();
    } catch (error) {
      if (!this.#mayStart) throw error;
      return systemctl(instead, error);
    }
    return ask();
  }

  async #ask(unit: string, what: string, question: (bus: SystemdBus) => Promise<DbusValue[]>): Promise<DbusValue[]> {
    try {
      return await question(await this.#connected());
    } catch (error) {
      if (error instanceof SystemdRefusal) throw refused(unit, error);
      if (error instanceof StanchError) throw error;
      throw new StanchError('STANCH_E_SYSTEMD', {
        expected: `systemd to ${what} ${unit}`,
        found: error instanceof Error ? error.message : String(error),
        next: `By hand: systemctl status ${unit}`,
        cause: error,
      });
    }
  }

  async #connected(): Promise<SystemdBus> {
    if (this.#bus?.isOpen !== true) this.#bus = await this.#open();
    return this.#bus;
  }
}

function refused(unit: string, error: SystemdRefusal): StanchError {
  const permission = /AccessDenied|InteractiveAuthorizationRequired|AuthFailed/.test(error.errorName);
  return new StanchError(permission ? 'STANCH_E_NOT_PERMITTED' : 'STANCH_E_UNIT', {
    expected: `systemd to act on ${unit}`,
    found: error.message,
    next: permission ? 'Run stanch as root to act.' : `See what it is: systemctl status ${unit}`,
    cause: error,
  });
}

async function systemctl(args: readonly string[], before: unknown): Promise<string> {
  try {
    const { stdout } = await execute('systemctl', [...args], {
      timeout: systemctlMs,
      env: { ...process.env, LC_ALL: 'C', SYSTEMD_PAGER: '' },
    });
    return stdout;
  } catch (error) {
    throw new StanchError('STANCH_E_SYSTEMD', {
      expected: `systemctl ${args.join(' ')} to succeed`,
      found: `${error instanceof Error ? error.message : String(error)}; before that ${before instanceof Error ? before.message : String(before)}`,
      next: 'See whether systemd is well: systemctl is-system-running',
      cause: error,
    });
  }
}
