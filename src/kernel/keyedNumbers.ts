/**
 * Files of lines `Key: 123 kB`, `key 123` or `Key(sub):  123`: meminfo, vmstat, smaps_rollup, memory.stat.
 * The number of each key as it stands; the caller knows the unit.
 */
const line = /^([^\s:]{1,64}):?[ \t]+(\d{1,20})(?:[ \t]|$)/;
const maxLines = 4096;

export function parseKeyedNumbers(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const row of text.split('\n', maxLines)) {
    const match = line.exec(row);
    if (match?.[1] !== undefined && match[2] !== undefined) numbers.set(match[1], Number(match[2]));
  }
  return numbers;
}
