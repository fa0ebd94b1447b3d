/** PHP-FPM writes into the title of each of its processes what it is. */
import { parsePidCmdline } from '../../kernel/pidCmdline.ts';
import { readRecord } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

const workerTitle = /^php-fpm[\d.]*: pool (\S{1,200})/;
const record = Buffer.alloc(65_536);

/** The name of its pool; null when the process is no worker of PHP-FPM. */
export function poolOfWorker(pid: number): string | null {
  return workerTitle.exec(titleOf(pid))?.[1] ?? null;
}

export function titleOf(pid: number): string {
  const length = readRecord(`/proc/${pid}/cmdline`, record);
  return isValue(length) ? (parsePidCmdline(record, length)[0] ?? '') : '';
}
