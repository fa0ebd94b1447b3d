/** Whether an executable was built by Go: its build id stands within the first page or so, where the linker puts it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { missingFor } from '../kernel/read.ts';

const headBytes = 64 * 1024;
/** Name and type of the ELF note: https://go.dev/src/cmd/internal/buildid/note.go */
const note = Buffer.from([0x04, 0x00, 0x00, 0x00, 0x47, 0x6f, 0x00, 0x00]);

/** null: this account may not look. */
export function hasGoBuildId(path: string): boolean | null {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(headBytes);
      const length = readSync(fd, head, 0, headBytes, 0);
      return head.subarray(0, length).includes(note);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    missingFor(error);
    return null;
  }
}
