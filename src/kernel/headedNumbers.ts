/**
 * Files of pairs of lines, names above and numbers below, each with the protocol in front: /proc/net/snmp and /proc/net/netstat.
 *
 *   Tcp: RtoAlgorithm RtoMin … ActiveOpens
 *   Tcp: 1 200 … 17
 *
 * Names are `protocol.name`. Counters of 64 bits may be beyond what a number holds exactly; they are compared, not added up.
 */
const maxPairs = 64;

export function parseHeadedNumbers(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  const lines = text.split('\n', 2 * maxPairs);
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const names = (lines[at] ?? '').split(' ');
    const values = (lines[at + 1] ?? '').split(' ');
    if (names[0] !== values[0]) continue;
    const protocol = (names[0] ?? '').replace(/:$/, '');
    for (let index = 1; index < names.length; index += 1) {
      const value = values[index] ?? '';
      if (/^-?\d{1,20}$/.test(value)) numbers.set(`${protocol}.${names[index]}`, Number(value));
    }
  }
  return numbers;
}
