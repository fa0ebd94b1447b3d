import { join } from 'node:path';
import type { Evidence } from '../model/evidence.ts';
import type { ExplainRequest } from './explainProcess.ts';
import { startTimeOf } from './identity.ts';
import { type ExplainOptions, runExplain } from './runExplain.ts';

/** Explains a process as `stanch why` does, in a child, with room for a busy machine. */
export function explainNow(
  pid: number,
  asked: Omit<ExplainRequest, 'subject' | 'showTexts'>,
  options: Partial<ExplainOptions>,
): Promise<Evidence> {
  const subject = { pid, startTimeTicks: startTimeOf(pid) ?? 0, subjectId: null, name: 'shop' };
  return runExplain(
    { subject, showTexts: false, ...asked },
    {
      entry: join(import.meta.dirname, '..', 'cli', 'main.ts'),
      deadlineMs: 500_000,
      memoryCapBytes: 2 ** 31,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...options,
    },
  );
}
