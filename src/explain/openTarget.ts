/** The memory of the process that is meant. Apart from what reads heaps: the daemon asks what an explanation would cost, and has a child explain. */
import { StanchError } from '../model/errors.ts';
import type { EvidenceSubject } from '../model/evidence.ts';
import { startTimeOf } from './identity.ts';
import { TargetMemory } from './targetMemory.ts';

/** Errors: STANCH_E_GONE, STANCH_E_NOT_PERMITTED. */
export function openTarget(subject: EvidenceSubject): TargetMemory {
  if (startTimeOf(subject.pid) !== subject.startTimeTicks) throw gone(subject);
  try {
    return new TargetMemory(subject.pid);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ESRCH') throw gone(subject);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new StanchError('STANCH_E_NOT_PERMITTED', {
      expected: `to be allowed to read the memory of process ${subject.pid}`,
      found: error instanceof Error ? error.message : String(error),
      next: `As root: sudo stanch why ${subject.pid}`,
      cause: error,
    });
  }
}

export function gone({ pid, name }: EvidenceSubject): StanchError {
  return new StanchError('STANCH_E_GONE', {
    expected: `process ${pid} (${name}) to run until it is explained`,
    found: 'that it ended, or became another one',
    next: 'Name the workload in place of the pid: stanch why NAME',
  });
}
