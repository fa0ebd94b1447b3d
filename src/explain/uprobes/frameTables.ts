/** `.eh_frame` of the files that a process has mapped, each read once: for where its calls are, and for who made them. */
import { sectionNamed } from '../elfFile.ts';
import type { TargetMemory } from '../targetMemory.ts';
import { CallFrames } from './callFrames.ts';

export class FrameTables {
  readonly #memory: TargetMemory;
  readonly #files = new Map<string, CallFrames | null>();

  constructor(memory: TargetMemory) {
    this.#memory = memory;
  }

  /** In the process. Null: the file has no such table. */
  of(file: string): CallFrames | null {
    let known = this.#files.get(file);
    if (known === undefined) {
      known = this.#memory.fromFile(
        (path) => path === file,
        (elf, bias) => {
          const section = sectionNamed(elf, '.eh_frame');
          return section === null ? null : CallFrames.parse(section.bytes, section.address + bias);
        },
      );
      this.#files.set(file, known);
    }
    return known;
  }
}
