/**
 * Names in the newer form of Rust (v0), such as `_RNvMs4_NtCs1_5alloc7raw_vec…`: paths with what they are generic over. Without the numbers that tell
 * crates of one name apart, without lifetimes, and with `_` for constants. What is not understood stays as it is.
 * https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html
 */
const mostLength = 4096;
const mostSteps = 1_000;
const mostText = 300;

const basicTypes: Record<string, string> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};
const beforeType: Record<string, string> = { R: '&', Q: '&mut ', P: '*const ', O: '*mut ' };

export function demangleRustV0(mangled: string): string {
  if (!/^_R[A-Z]/.test(mangled) || mangled.length > mostLength) return mangled;
  const name = new RustReader(mangled.slice(2)).path();
  if (name === null) return mangled;
  return name.length > mostText ? `${name.slice(0, mostText)}…` : name;
}

class RustReader {
  readonly #text: string;
  #at = 0;
  #steps = 0;
  #isBroken = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Null: not understood. */
  path(): string | null {
    const name = this.#path();
    return this.#isBroken ? null : name;
  }

  #path(): string {
    switch (this.#take()) {
      case 'C':
        return this.#identifier();
      case 'N':
        return this.#nested();
      case 'M':
        this.#implPath();
        return `<${this.#type()}>`;
      case 'X':
        this.#implPath();
        return `<${this.#type()} as ${this.#path()}>`;
      case 'Y':
        return `<${this.#type()} as ${this.#path()}>`;
      case 'I':
        return `${this.#path()}<${this.#until(() => this.#argument()).join(', ')}>`;
      case 'B':
        return this.#again(() => this.#path());
      default:
        return this.#broken();
    }
  }

  #nested(): string {
    const space = this.#take();
    const parent = this.#path();
    const name = this.#identifier();
    if (space === 'C') return `${parent}::{closure${name === '' ? '' : `:${name}`}}`;
    return name === '' ? parent : `${parent}::${name}`;
  }

  #implPath(): void {
    this.#skipNumber('s');
    this.#path();
  }

  #argument(): string {
    if (this.#is('L')) {
      this.#number();
      return "'_";
    }
    return this.#is('K') ? this.#constant() : this.#type();
  }

  #type(): string {
    this.#steps += 1;
    if (this.#steps > mostSteps) return this.#broken();
    const next = this.#text[this.#at] ?? '';
    const basic = basicTypes[next];
    if (basic !== undefined) {
      this.#at += 1;
      return basic;
    }
    const before = beforeType[next];
    if (before !== undefined) {
      this.#at += 1;
      if (before.startsWith('&')) this.#skipNumber('L');
      return `${before}${this.#type()}`;
    }
    if (this.#is('A')) return `[${this.#type()}; ${this.#constant()}]`;
    if (this.#is('S')) return `[${this.#type()}]`;
    if (this.#is('T')) return `(${this.#until(() => this.#type()).join(', ')})`;
    if (this.#is('F')) return this.#signature();
    if (this.#is('D')) return this.#dynamic();
    if (next === 'B') {
      this.#at += 1;
      return this.#again(() => this.#type());
    }
    return this.#path();
  }

  #signature(): string {
    this.#skipNumber('G');
    this.#is('U');
    if (this.#is('K') && !this.#is('C')) this.#identifier();
    const taken = this.#until(() => this.#type()).join(', ');
    const given = this.#type();
    return `fn(${taken})${given === '()' ? '' : ` -> ${given}`}`;
  }

  #dynamic(): string {
    this.#skipNumber('G');
    const traits = this.#until(() => {
      const name = this.#path();
      while (this.#is('p')) {
        this.#identifier();
        this.#type();
      }
      return name;
    });
    this.#skipNumber('L');
    return `dyn ${traits.join(' + ')}`;
  }

  #constant(): string {
    if (this.#is('p')) return '_';
    if (this.#is('B')) return this.#again(() => this.#constant());
    this.#type();
    while (!this.#isBroken && !this.#is('_')) this.#take();
    return '_';
  }

  #identifier(): string {
    this.#skipNumber('s');
    this.#is('u');
    const digits = /^(?:0|[1-9]\d{0,3})/.exec(this.#text.slice(this.#at, this.#at + 4))?.[0];
    if (digits === undefined) return this.#broken();
    this.#at += digits.length;
    this.#is('_');
    const name = this.#text.slice(this.#at, this.#at + Number(digits));
    this.#at += Number(digits);
    return name;
  }

  /** What stands further to the front. */
  #again(read: () => string): string {
    const place = this.#number();
    const back = this.#at;
    if (!(place < back - 1)) return this.#broken();
    this.#at = place;
    const text = read();
    this.#at = back;
    return text;
  }

  #until(read: () => string): string[] {
    const all: string[] = [];
    while (!this.#isBroken && !this.#is('E')) all.push(read());
    return all;
  }

  #skipNumber(mark: string): void {
    if (this.#is(mark)) this.#number();
  }

  /** `_` is 0, `0_` is 1. */
  #number(): number {
    const digits = /^[0-9A-Za-z]{0,13}_/.exec(this.#text.slice(this.#at, this.#at + 14))?.[0];
    if (digits === undefined) {
      this.#broken();
      return 0;
    }
    this.#at += digits.length;
    const order = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const value = [...digits.slice(0, -1)].reduce((sum, digit) => sum * 62 + order.indexOf(digit), 0);
    return digits === '_' ? 0 : value + 1;
  }

  #is(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #take(): string {
    this.#steps += 1;
    const next = this.#text[this.#at];
    if (next === undefined || this.#steps > mostSteps) return this.#broken();
    this.#at += 1;
    return next;
  }

  #broken(): string {
    this.#isBroken = true;
    return '';
  }
}
