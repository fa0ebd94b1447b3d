/**
 * Names of types out of the form that compilers give them: enough of the Itanium C++ ABI for classes, templates and what is standard,
 * and the older form of Rust. What is not understood stays as it is.
 * https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling
 */
import { demangleRustV0 } from './rustNames.ts';

const mostDepth = 64;
const mostLength = 512;

const builtIns: Record<string, string> = {
  v: 'void',
  b: 'bool',
  c: 'char',
  a: 'signed char',
  h: 'unsigned char',
  s: 'short',
  t: 'unsigned short',
  i: 'int',
  j: 'unsigned',
  l: 'long',
  m: 'unsigned long',
  x: 'long long',
  y: 'unsigned long long',
  f: 'float',
  d: 'double',
  e: 'long double',
  w: 'wchar_t',
};
const standard: Record<string, string> = {
  a: 'std::allocator',
  b: 'std::basic_string',
  s: 'std::string',
  i: 'std::istream',
  o: 'std::ostream',
  d: 'std::iostream',
};

const usualArgument = /^std::(?:allocator|char_traits|less|hash|equal_to|default_delete)</;

function asText(type: string): string {
  return /^std::(?:__cxx11::)?basic_string<char>$/.test(type) ? 'std::string' : type;
}

/** `N4shop11UserSessionE` → `shop::UserSession`. */
export function demangleType(mangled: string): string {
  if (mangled.length > mostLength) return mangled;
  try {
    return new TypeReader(mangled).whole();
  } catch (error) {
    if (error instanceof NotUnderstood) return mangled;
    throw error;
  }
}

/** `_ZN4core3ptr42drop_in_place$LT$shop..Session$GT$17h…E` → `core::ptr::drop_in_place<shop::Session>`; other names as they are. */
export function demangleRust(mangled: string): string {
  const body = /^_ZN(.+)17h[0-9a-f]{16}E/.exec(mangled)?.[1];
  if (body === undefined) return mangled;
  const parts: string[] = [];
  for (let at = 0; at < body.length; ) {
    const length = /^\d{1,4}/.exec(body.slice(at))?.[0];
    if (length === undefined) return mangled;
    at += length.length;
    parts.push(body.slice(at, at + Number(length)));
    at += Number(length);
  }
  return parts
    .join('::')
    .replace(/\$LT\$/g, '<')
    .replace(/\$GT\$/g, '>')
    .replace(/\$u20\$/g, ' ')
    .replace(/\$C\$/g, ',')
    .replace(/\$RF\$/g, '&')
    .replace(/\$u7b\$/g, '{')
    .replace(/\$u7d\$/g, '}')
    .replace(/\.\./g, '::')
    .replace(/(^|::|<)_</g, '$1<');
}

/** `_ZN4shop14SessionManager4openEl` → `shop::SessionManager::open`; other names as they are. */
export function demangleFunction(symbol: string): string {
  if (symbol.startsWith('_R')) return demangleRustV0(symbol);
  if (!symbol.startsWith('_Z') || symbol.length > mostLength) return symbol;
  if (/17h[0-9a-f]{16}E/.test(symbol)) return demangleRust(symbol);
  try {
    return new TypeReader(symbol.slice(2).replace(/^L(?=\d)/, '')).function();
  } catch (error) {
    if (error instanceof NotUnderstood) return symbol;
    throw error;
  }
}

class NotUnderstood extends Error {}

class TypeReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  readonly #seen: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  whole(): string {
    const type = this.#type();
    if (this.#at < this.#text.length || type.length > mostLength) throw new NotUnderstood();
    return type;
  }

  /** Its name without what it takes and gives back. */
  function(): string {
    return this.#type();
  }

  #type(): string {
    this.#depth += 1;
    if (this.#depth > mostDepth || this.#at >= this.#text.length) throw new NotUnderstood();
    const type = this.#oneType();
    this.#depth -= 1;
    return type;
  }

  #oneType(): string {
    const first = this.#text[this.#at] ?? '';
    const mark = { P: '*', R: '&', O: '&&', K: ' const' }[first];
    if (mark !== undefined) {
      this.#at += 1;
      return this.#see(`${this.#type()}${mark}`);
    }
    if (first === 'F') return this.#function();
    if (first === 'S') return this.#withArguments(this.#substitution());
    if (first === 'N') return this.#nested();
    const builtIn = builtIns[first];
    if (builtIn !== undefined) {
      this.#at += 1;
      return builtIn;
    }
    return this.#withArguments(this.#see(this.#name()));
  }

  #see(type: string): string {
    // Each may be made of those before it: without a limit a short text makes a very long one.
    if (type.length > 4 * mostLength) throw new NotUnderstood();
    this.#seen.push(type);
    return type;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #number(): number {
    const digits = /^\d{1,4}/.exec(this.#text.slice(this.#at, this.#at + 4))?.[0];
    if (digits === undefined) throw new NotUnderstood();
    this.#at += digits.length;
    return Number(digits);
  }

  #name(): string {
    const length = this.#number();
    const name = this.#text.slice(this.#at, this.#at + length);
    if (length === 0 || name.length < length) throw new NotUnderstood();
    this.#at += length;
    // A tag of the library's version: [abi:cxx11].
    if (this.#take('B')) {
      const tag = this.#number();
      this.#at += tag;
    }
    return name.startsWith('_GLOBAL__N') ? '(anonymous namespace)' : name;
  }

  #withArguments(name: string): string {
    return this.#text[this.#at] === 'I' ? this.#see(asText(`${name}${this.#templateArguments()}`)) : name;
  }

  #templateArguments(): string {
    this.#at += 1;
    const given: string[] = [];
    while (!this.#take('E')) {
      if (this.#take('L')) given.push(this.#literal());
      else if (this.#take('J')) {
        while (!this.#take('E')) given.push(this.#type());
      } else given.push(this.#type());
    }
    // What every container of the standard library has unless told otherwise.
    const told = given.filter((each, place) => place === 0 || !usualArgument.test(each));
    return `<${told.join(', ')}>`;
  }

  #literal(): string {
    const type = this.#type();
    const end = this.#text.indexOf('E', this.#at);
    if (end < 0) throw new NotUnderstood();
    const value = this.#text.slice(this.#at, end).replace(/^n/, '-');
    this.#at = end + 1;
    return type === 'bool' ? String(value === '1') : value;
  }

  #function(): string {
    this.#at += 1;
    const result = this.#type();
    const given: string[] = [];
    while (!this.#take('E')) given.push(this.#type());
    return this.#see(`${result}(${given.join(', ') === 'void' ? '' : given.join(', ')})`);
  }

  #substitution(): string {
    this.#at += 1;
    if (this.#take('t')) return this.#see(`std::${this.#name()}`);
    const known = standard[this.#text[this.#at] ?? ''];
    if (known !== undefined) {
      this.#at += 1;
      return known;
    }
    const index = /^([0-9A-Z]{0,4})_/.exec(this.#text.slice(this.#at, this.#at + 5));
    if (index === null) throw new NotUnderstood();
    this.#at += index[0].length;
    const seen = this.#seen[index[1] === '' ? 0 : Number.parseInt(index[1] ?? '', 36) + 1];
    if (seen === undefined) throw new NotUnderstood();
    return seen;
  }

  #nested(): string {
    this.#at += 1;
    // Of a method: const, volatile, & and &&.
    while (/^[KVRO]/.test(this.#text.slice(this.#at, this.#at + 1))) this.#at += 1;
    let name = '';
    while (!this.#take('E')) {
      const special = /^[CD][0-5]/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0];
      if (special !== undefined && name !== '') {
        this.#at += 2;
        const own = /(\w+)(?:<.*>)?$/.exec(name)?.[1] ?? '';
        name = `${name}::${special.startsWith('D') ? '~' : ''}${own}`;
        continue;
      }
      if (this.#text[this.#at] === 'S') name = this.#text[this.#at + 1] === 't' ? this.#std() : this.#substitution();
      else if (this.#text[this.#at] === 'I') name = this.#see(asText(`${name}${this.#templateArguments()}`));
      else name = this.#see(name === '' ? this.#name() : `${name}::${this.#name()}`);
    }
    return name;
  }

  #std(): string {
    this.#at += 2;
    return 'std';
  }
}
