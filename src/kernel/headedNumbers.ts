/**
 * Files of pairs of lines, names above and numbers below, each with the protocol in front: /proc/net/snmp and /proc/net/netstat.
 *
 *   Tcp: RtoAlgorithm RtoMin … ActiveOpens
 *   Tcp: 1 200 … 17
 *
 * Some have more than a hundred names, of which few are wanted: only those are looked for.
 */
import { absent, isValue, type Reading } from '../model/reading.ts';

const maxPairs = 64;

/** Looks numbers of one protocol up: the sum of those named, without those that this kernel does not count. */
export function headedNumbers(text: string, protocol: string): (...names: string[]) => Reading<number> {
  const heading = `${protocol}: `;
  const lines = text.split('\n', 2 * maxPairs);
  const at = lines.findIndex((line, index) => index % 2 === 0 && line.startsWith(heading));
  const row = at < 0 ? undefined : lines[at + 1];
  const known = (lines[at] ?? '').split(' ');
  const numbers = row?.startsWith(heading) === true ? row.split(' ') : [];
  return (...names) =>
    names.reduce<Reading<number>>((sum, name) => {
      const number = numbers[known.indexOf(name)] ?? '';
      return /^\d{1,20}$/.test(number) ? (isValue(sum) ? sum : 0) + Number(number) : sum;
    }, absent);
}
