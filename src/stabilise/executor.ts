/** Carries plans out, step by step, each written down before and after; and takes them back. Small and dull. */
import { randomBytes } from 'node:crypto';
import { isStillRunning, ownProcessId } from '../kernel/processIdentity.ts';
import type { Action, ActionPlan } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { ProcessId } from '../model/subject.ts';
import type { ActionJournal, JournalEntry } from './journal.ts';
import { isFinal, runStep, undoStep } from './steps/index.ts';
import type { StepContext } from './steps/step.ts';

/** Ids of the actions that this process carries out or takes back. */
const active = new Set<string>();

export class Executor {
  readonly #journal: ActionJournal;
  readonly #context: StepContext;
  readonly #own: ProcessId;

  constructor(journal: ActionJournal, context: StepContext) {
    this.#journal = journal;
    this.#context = context;
    this.#own = ownProcessId(context.procRoot);
  }

  /**
   * `finished`: done, or failed with what was done before taken back.
   * Throws STANCH_E_DATA_DIR when it cannot be written down, STANCH_E_BUSY when that workload is acted on: then nothing is done.
   */
  start(plan: ActionPlan, by: string): { id: string; finished: Promise<Action> } {
    const id = `a-${randomBytes(6).toString('hex')}`;
    this.#journal.exclusively(() => {
      const other = this.#journal.entries().find((entry) => entry.action.plan.subjectId === plan.subjectId && this.#isAtWork(entry));
      if (other !== undefined) throw busyWith(other);
      this.#journal.start(id, by, plan, this.#own);
    });
    return { id, finished: this.#whileActive(id, () => this.#carryOut(id, plan)) };
  }

  async #carryOut(id: string, plan: ActionPlan): Promise<Action> {
    let begun = 0;
    try {
      for (const [index, { step }] of plan.steps.entries()) {
        this.#journal.beginStep(id, index);
        begun = index + 1;
        await runStep(step, this.#context);
        this.#journal.endStep(id, index);
      }
      this.#journal.end(id, 'done', null);
    } catch (error) {
      const problems = [messageOf(error), ...(await this.#takeBack(plan, begun))];
      this.#journal.end(id, 'failed', problems.join('; '));
    }
    return this.#get(id).action;
  }

  /** Throws STANCH_E_NO_ACTION, STANCH_E_NOT_POSSIBLE, STANCH_E_BUSY, STANCH_E_CHANGED_SINCE. */
  async undo(id: string): Promise<Action> {
    const action = this.#journal.exclusively(() => this.#claimForUndo(id));
    return this.#whileActive(id, async () => {
      const problems = await this.#takeBackAll(action);
      if (problems.length === 0) return this.#get(id).action;
      throw new StanchError('STANCH_E_CHANGED_SINCE', {
        expected: `${id} to be taken back`,
        found: problems.join('; '),
        next: 'What could be put back has been. Look at the rest by hand.',
      });
    });
  }

  #claimForUndo(id: string): Action {
    const entry = this.#get(id);
    const { action } = entry;
    if (this.#isAtWork(entry)) throw busyWith(entry);
    if (action.state !== 'done') throw cannotUndo(action, `it is ${action.state}`);
    if (!action.plan.undoable) throw cannotUndo(action, `a ${action.plan.kind} has no way back`);
    this.#journal.claim(id, this.#own);
    return action;
  }

  /** Returns what could not be put back; then it stays as done as it was. */
  async #takeBackAll({ id, plan }: Action): Promise<string[]> {
    const problems = await this.#takeBack(plan, plan.steps.length);
    if (problems.length > 0) this.#journal.release(id);
    else this.#journal.end(id, 'undone', null);
    return problems;
  }

  /** What a stanch that died left half done, or half taken back, is taken back, as far as there is a way. Returns those. */
  async recover(): Promise<Action[]> {
    if (!this.#journal.entries().some((entry) => this.#isLeft(entry))) return [];
    const left = this.#journal.exclusively(() => {
      const entries = this.#journal.entries().filter((entry) => this.#isLeft(entry));
      for (const { action } of entries) this.#journal.claim(action.id, this.#own);
      return entries;
    });
    const found: Action[] = [];
    for (const entry of left) found.push(await this.#whileActive(entry.action.id, () => this.#putRight(entry)));
    return found;
  }

  async #putRight({ action, stepsBegun }: JournalEntry): Promise<Action> {
    if (action.state === 'done') {
      await this.#takeBackAll(action);
      return this.#get(action.id).action;
    }
    // All steps were done, only that was not written down any more.
    const complete = action.stepsDone === action.plan.steps.length;
    const problems = complete ? [] : await this.#takeBack(action.plan, stepsBegun);
    const text = `stanch ended in the middle of it, after ${action.stepsDone} of ${action.plan.steps.length} steps`;
    const kept = action.plan.steps.slice(0, action.stepsDone).filter(({ step }) => isFinal(step)).length;
    const rest = kept > 0 ? [`${kept} of them have no way back`] : [];
    this.#journal.end(action.id, complete ? 'done' : 'interrupted', complete ? null : [text, ...rest, ...problems].join('; '));
    return this.#get(action.id).action;
  }

  /** Nobody sees to it, and it is in the middle. */
  #isLeft(entry: JournalEntry): boolean {
    const isInTheMiddle = entry.action.state === 'running' || entry.claimedBy !== null;
    return isInTheMiddle && !this.#isAtWork(entry);
  }

  /** Somebody carries it out or takes it back at this moment. */
  #isAtWork({ action, runner, claimedBy }: JournalEntry): boolean {
    const isAlive = (id: ProcessId) => {
      const isOwn = id.pid === this.#own.pid && id.startTimeTicks === this.#own.startTimeTicks && id.bootId === this.#own.bootId;
      return isOwn ? active.has(action.id) : isStillRunning(id, this.#context.procRoot);
    };
    return (action.state === 'running' && isAlive(runner)) || (claimedBy !== null && isAlive(claimedBy));
  }

  async #whileActive(id: string, work: () => Promise<Action>): Promise<Action> {
    active.add(id);
    try {
      return await work();
    } finally {
      active.delete(id);
    }
  }

  /** The last step first; the units read what was put back. What goes wrong is returned, and the rest is taken back all the same. */
  async #takeBack(plan: ActionPlan, begun: number): Promise<string[]> {
    const problems: string[] = [];
    const steps = plan.steps.slice(0, begun).map(({ step }) => step);
    for (const step of steps.filter((each) => each.do !== 'reload-systemd').reverse())
      await attempt(problems, () => undoStep(step, this.#context));
    if (steps.some((step) => step.do === 'write-file')) await attempt(problems, () => this.#reloadIfPlanned(plan));
    return problems;
  }

  async #reloadIfPlanned(plan: ActionPlan): Promise<void> {
    const reload = plan.steps.find(({ step }) => step.do === 'reload-systemd');
    if (reload !== undefined) await undoStep(reload.step, this.#context);
  }

  #get(id: string): JournalEntry {
    const entry = this.#journal.entries().find(({ action }) => action.id === id);
    if (entry !== undefined) return entry;
    throw new StanchError('STANCH_E_NO_ACTION', { expected: 'the id of an action', found: id, next: 'stanch actions lists them.' });
  }
}

async function attempt(problems: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    problems.push(messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function busyWith({ action, runner, claimedBy }: JournalEntry): StanchError {
  return new StanchError('STANCH_E_BUSY', {
    expected: `nobody else to act on ${action.plan.subjectName}`,
    found: `process ${(claimedBy ?? runner).pid} of stanch, which ${claimedBy === null ? 'carries out' : 'takes back'} ${action.id}: ${action.plan.kind}`,
    next: 'Wait until it is through: stanch actions',
  });
}

function cannotUndo({ id }: Action, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `${id} to be something that can be taken back`,
    found,
    next: 'stanch actions',
  });
}
