/**
 * /proc/[pid]/cmdline: arguments, each ended by a NUL byte. Empty for kernel threads and zombies.
 * A process that sets its own title leaves one argument, often followed by many NULs or blanks.
 * https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html
 */
const maxArguments = 512;

/** Arguments as Latin-1 strings: each character is one byte, whatever its encoding was. */
export function parsePidCmdline(bytes: Uint8Array, length: number): string[] {
  let end = Math.max(0, Math.min(length, bytes.length));
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end -= 1;
  const argv: string[] = [];
  let start = 0;
  while (start < end && argv.length < maxArguments) {
    const found = bytes.indexOf(0, start);
    const stop = found < 0 || found > end ? end : found;
    argv.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString('latin1'));
    start = stop + 1;
  }
  return argv;
}
