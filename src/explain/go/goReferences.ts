/**
 * Which function uses a variable, of a program that has lost the names of its variables: its code says where a variable is by how far it is from the
 * instruction, which ends there or one to four bytes behind.
 */
import { sectionContent } from '../elfFile.ts';
import type { TargetMemory } from '../targetMemory.ts';
import type { GoLines } from './goLines.ts';

const mostCodeBytes = 64 << 20;
const mostFound = 200;
/** Of a number that is part of the instruction. */
const bytesBehind = 4;
const mostDistance = 128;

export class GoReferences {
  readonly #lines: Pick<GoLines, 'placeOf'>;
  readonly #code: { bytes: Buffer; start: number } | null;

  constructor(memory: TargetMemory, path: string, lines: Pick<GoLines, 'placeOf'>) {
    this.#lines = lines;
    this.#code = memory.fromFile(
      (each) => each === path,
      (elf, bias) => {
        const section = elf.sections.find(({ name }) => name === '.text');
        const bytes = section === undefined || section.size > mostCodeBytes ? null : sectionContent(elf.fd, section);
        return section === undefined || bytes === null ? null : { bytes, start: section.address + bias };
      },
    );
  }

  /**
   * Whose own name is not the runtime's; null: none is found. Of a large variable the code knows where it begins: the nearest place before that it knows
   * is meant.
   */
  functionUsing(variable: number): string | null {
    if (this.#code === null) return null;
    const { bytes, start } = this.#code;
    let [nearest, names]: [number, string[]] = [mostDistance, []];
    for (let at = 0; at + 4 <= bytes.length; at += 1) {
      const from = variable - (start + at + 4) - bytes.readInt32LE(at);
      const distance = Math.max(0, from - bytesBehind);
      // What all packages use may lie before it: only those count that none is nearer than.
      if (from < 0 || distance > nearest || (distance === nearest && names.length >= mostFound)) continue;
      const name = this.#lines.placeOf(start + at)?.function ?? '';
      if (name === '' || name.startsWith('runtime.')) continue;
      if (distance < nearest) [nearest, names] = [distance, []];
      names.push(name);
    }
    return names.toSorted((a, b) => names.filter((name) => name === b).length - names.filter((name) => name === a).length)[0] ?? null;
  }
}
