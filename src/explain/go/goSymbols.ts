/** Names of variables by address. */
import type { ElfSymbol } from '../elfFile.ts';

export class SymbolNames {
  readonly #symbols: readonly ElfSymbol[];

  /** `symbols`: by address. */
  constructor(symbols: readonly ElfSymbol[]) {
    this.#symbols = symbols;
  }

  /** Of the program's, and not of its runtime's; of a program that has lost its names nobody can say. */
  readonly isOwn = (address: number): boolean => {
    const name = this.at(address)?.name;
    return name === undefined ? this.#symbols.length > 0 : !name.startsWith('runtime.');
  };

  at(address: number): ElfSymbol | null {
    let [low, last] = [0, this.#symbols.length - 1];
    while (low <= last) {
      const middle = (low + last) >>> 1;
      if ((this.#symbols[middle]?.address ?? 0) <= address) low = middle + 1;
      else last = middle - 1;
    }
    const symbol = this.#symbols[last];
    return symbol === undefined || address >= symbol.address + symbol.size ? null : symbol;
  }
}
