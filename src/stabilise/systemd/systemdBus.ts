/**
 * A connection to systemd, kept open so that nothing need be started when the server is about to die: through the bus daemon, or where
 * that is dead and this is root, through systemd's private socket. Every call ends: by its answer, by its time, or with the connection.
 * https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
 */
import { connect, type Socket } from 'node:net';
import { StanchError } from '../../model/errors.ts';
import { type DbusMessage, type DbusValue, decodeMessage, encodeCall, type MethodCall } from './dbusWire.ts';

/** With the name on the bus that is to be asked; the private socket has none. */
export interface BusPlace {
  path: string;
  destination: string | null;
}

const busPlaces: readonly BusPlace[] = [
  { path: '/run/systemd/private', destination: null },
  { path: '/run/dbus/system_bus_socket', destination: 'org.freedesktop.systemd1' },
];

const connectMs = 5000;
/** In a swap storm an answer took 1.6 s. */
const callMs = 20_000;
/** It reads all its files and runs its generators for that: systemctl as well gives it 150 s. */
const reloadFactor = 7.5;
const mostPending = 64;
const mostBuffered = 4 << 20;
const mostGreeting = 4096;

interface Pending {
  resolve: (body: DbusValue[]) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** What systemd said no with. */
export class SystemdRefusal extends Error {
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.name = 'SystemdRefusal';
    this.errorName = errorName;
  }
}

export class SystemdBus {
  readonly place: BusPlace;
  readonly #socket: Socket;
  readonly #answerMs: number;
  readonly #pending = new Map<number, Pending>();
  #received = Buffer.alloc(0);
  #serial = 1;
  #isOpen = true;

  /** The first of the places that answers. Throws STANCH_E_SYSTEMD when none does. */
  static async open(places: readonly BusPlace[] = busPlaces, answerMs = callMs): Promise<SystemdBus> {
    const failures: string[] = [];
    for (const place of places) {
      try {
        const bus = new SystemdBus(await authenticated(place.path), place, answerMs);
        if (place.destination !== null) await bus.#greet(place.destination);
        return bus;
      } catch (error) {
        failures.push(`${place.path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new StanchError('STANCH_E_SYSTEMD', {
      expected: 'systemd to answer',
      found: failures.join('; '),
      next: 'Without systemd, stanch can restart what other managers keep, and end processes: stanch do kill …',
    });
  }

  private constructor({ socket, rest }: Authenticated, place: BusPlace, answerMs: number) {
    this.#socket = socket;
    this.#answerMs = answerMs;
    this.place = place;
    socket.on('data', (piece) => this.#take(piece));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
    socket.unref();
    this.#take(rest);
  }

  /** A bus lets nobody ask who did not greet it. It may be there without the one that is to be asked, as in a container. */
  async #greet(destination: string): Promise<void> {
    const toBus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
    await this.#call({ ...toBus, member: 'Hello', signature: '', body: [] });
    const [isThere] = await this.#call({ ...toBus, member: 'NameHasOwner', signature: 's', body: [destination] });
    if (isThere === true) return;
    this.close();
    throw new Error(`nobody is ${destination} on this bus`);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Of `org.freedesktop.systemd1.Manager`. Throws SystemdRefusal, or an Error when there is no answer. */
  call(member: string, signature: string, body: readonly DbusValue[]): Promise<DbusValue[]> {
    const path = '/org/freedesktop/systemd1';
    return this.#call({
      destination: this.place.destination,
      path,
      interface: 'org.freedesktop.systemd1.Manager',
      member,
      signature,
      body,
    });
  }

  /** Of `org.freedesktop.systemd1.Unit`; systemd loads the unit for that. Throws as `call` does. */
  property(unit: string, name: string): Promise<DbusValue[]> {
    return this.#call({
      destination: this.place.destination,
      path: `/org/freedesktop/systemd1/unit/${escapedLabel(unit)}`,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: ['org.freedesktop.systemd1.Unit', name],
    });
  }

  close(): void {
    this.#end(new Error('closed'));
  }

  #call(call: MethodCall): Promise<DbusValue[]> {
    if (!this.#isOpen) return Promise.reject(new Error('the connection to systemd is closed'));
    if (this.#pending.size >= mostPending) return Promise.reject(new Error('too many questions to systemd wait for an answer'));
    const serial = this.#serial++;
    const answerMs = this.#answerMs * (call.member === 'Reload' ? reloadFactor : 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(serial);
        reject(new Error(`systemd did not answer ${call.member} within ${answerMs / 1000} s`));
      }, answerMs);
      this.#pending.set(serial, { resolve, reject, timer });
      this.#socket.write(encodeCall(call, serial));
    });
  }

  #take(piece: Buffer): void {
    this.#received = Buffer.concat([this.#received, piece]);
    if (this.#received.length > mostBuffered) {
      this.#end(new Error('systemd sends more than it was asked for'));
      return;
    }
    try {
      for (;;) {
        const decoded = decodeMessage(this.#received);
        if (decoded === null) return;
        this.#received = this.#received.subarray(decoded.length);
        this.#settle(decoded.message);
      }
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #settle({ kind, replySerial, errorName, body }: DbusMessage): void {
    const pending = this.#pending.get(replySerial);
    if (pending === undefined || (kind !== 'return' && kind !== 'error')) return;
    this.#pending.delete(replySerial);
    clearTimeout(pending.timer);
    if (kind === 'return') pending.resolve(body);
    else pending.reject(new SystemdRefusal(errorName, typeof body[0] === 'string' ? body[0] : errorName));
  }

  #end(error: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.destroy();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
  }
}

/** As systemd names units in paths: letters and digits stay, no digit first, the rest as `_2e`. */
function escapedLabel(name: string): string {
  return [...Buffer.from(name)]
    .map((byte, index) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z]/.test(letter) || (index > 0 && /\d/.test(letter)) ? letter : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

interface Authenticated {
  socket: Socket;
  /** What came after the greeting: the private socket tells news unasked. */
  rest: Buffer;
}

/**
 * Says who we are, as the kernel vouches for it, and begins in the same breath. Were the first question read together with the `BEGIN`,
 * systemd would keep it until the next byte comes, which none does.
 */
function authenticated(path: string): Promise<Authenticated> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => fail(new Error(`no answer within ${connectMs / 1000} s`)), connectMs);
    let said = Buffer.alloc(0);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const onData = (piece: Buffer) => {
      said = Buffer.concat([said, piece]);
      const end = said.indexOf('\r\n');
      const line = said.toString('latin1', 0, end < 0 ? mostGreeting : end);
      if (end < 0 && said.length <= mostGreeting) return;
      if (!line.startsWith('OK')) {
        fail(new Error(`refused: ${JSON.stringify(line.slice(0, 200))}`));
        return;
      }
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('error', fail);
      socket.off('close', onClose);
      resolve({ socket, rest: said.subarray(end + 2) });
    };
    const onClose = () => fail(new Error('closed before it answered'));
    socket.on('error', fail);
    socket.on('close', onClose);
    socket.on('data', onData);
    socket.on('connect', () => {
      socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex')}\r\nBEGIN\r\n`);
    });
  });
}
