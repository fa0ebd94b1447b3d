/** Whether the cheap readings of a process have grown since it was first seen: what earns it a watch of its own, and a closer look. */
import { privateMemory, type Sample } from '../model/gauge.ts';
import { valueOrNaN } from '../model/reading.ts';

const grownBytes = 4 * 1024 * 1024;
const grownRatio = 1.05;
const grownFds = 32;

export class Growth {
  /** In the sample seen last. */
  ofMemory = false;
  ofFds = false;
  #firstPrivateBytes = Number.NaN;
  #firstFds = Number.NaN;

  observe(sample: Sample): void {
    const privateBytes = privateMemory(sample);
    const fds = valueOrNaN(sample.fds);
    if (Number.isNaN(this.#firstPrivateBytes)) this.#firstPrivateBytes = privateBytes;
    if (Number.isNaN(this.#firstFds)) this.#firstFds = fds;
    this.ofMemory = privateBytes - this.#firstPrivateBytes >= grownBytes && privateBytes >= this.#firstPrivateBytes * grownRatio;
    this.ofFds = fds - this.#firstFds >= grownFds;
  }
}
