/** The child: niced, the first that the kernel ends when memory is short, and gone when who started it is. */
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { StanchError } from '../model/errors.ts';
import type { ChildLine } from './childLines.ts';
import { type ExplainRequest, explainProcess } from './explainProcess.ts';

const firstToGo = '1000';

export async function explainChild(): Promise<void> {
  giveWay();
  const lines = createInterface({ input: process.stdin });
  const request = await new Promise<ExplainRequest>((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
  // Who started this is gone, or does not want it any more.
  lines.on('close', () => process.exit(1));
  try {
    say({ kind: 'evidence', evidence: await explainProcess(request, (done, says = null) => say({ kind: 'progress', done, says })) });
  } catch (error) {
    if (!(error instanceof StanchError)) throw error;
    const { code, expected, found, next } = error;
    say({ kind: 'error', code, parts: { expected, found, next } });
  }
  lines.removeAllListeners('close');
  process.stdin.destroy();
}

function say(line: ChildLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function giveWay(): void {
  setPriority(constants.priority.PRIORITY_LOW);
  try {
    writeFileSync('/proc/self/oom_score_adj', firstToGo);
  } catch (error) {
    // Without /proc that may be written the kernel chooses by size.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
