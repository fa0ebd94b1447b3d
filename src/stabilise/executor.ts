/** Carries plans out, step by step, each written down before and after; and takes them back. Small and dull. */
import { randomBytes } from 'node:crypto';
import { isStillRunning, ownProcessId } from '../kernel/processIdentity.ts';
import type { Action, ActionPlan } from '../model/action.ts';
import { StanchError } from '../model/errors.ts';
import type { ActionJournal, JournalEntry } from './journal.ts';
import { isFinal, runStep, undoStep } from './steps/index.ts';
import type { StepContext } from './steps/step.ts';

export class Executor {
  readonly #journal: ActionJournal;
  readonly #context: StepContext;

  constructor(journal: ActionJournal, context: StepContext) {
    this.#journal = journal;
    this.#context = context;
  }

  /**
   * `finished`: done, or failed with what was done before taken back.
   * Throws STANCH_E_DATA_DIR when it cannot be written down: then nothing is done.
   */
  start(plan: ActionPlan, by: string): { id: string; finished: Promise<Action> } {
    const id = `a-${randomBytes(6).toString('hex')}`;
    this.#journal.start(id, by, plan, ownProcessId(this.#context.procRoot));
    return { id, finished: this.#carryOut(id, plan) };
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

  /** Throws STANCH_E_NO_ACTION, STANCH_E_NOT_POSSIBLE, STANCH_E_CHANGED_SINCE. */
  async undo(id: string): Promise<Action> {
    const { action } = this.#get(id);
    if (action.state !== 'done') throw cannotUndo(action, `it is ${action.state}`);
    if (!action.plan.undoable) throw cannotUndo(action, `a ${action.plan.kind} has no way back`);
    const problems = await this.#takeBack(action.plan, action.plan.steps.length);
    if (problems.length > 0) {
      throw new StanchError('STANCH_E_CHANGED_SINCE', {
        expected: `${id} to be taken back`,
        found: problems.join('; '),
        next: 'What could be put back has been. Look at the rest by hand.',
      });
    }
    this.#journal.end(id, 'undone', null);
    return this.#get(id).action;
  }

  /** What a stanch that died left half done is taken back, as far as there is a way. Returns those. */
  async recover(): Promise<Action[]> {
    const found: Action[] = [];
    for (const { action, runner, stepsBegun } of this.#journal.entries()) {
      if (action.state !== 'running' || isStillRunning(runner, this.#context.procRoot)) continue;
      // All steps were done, only that was not written down any more.
      const complete = action.stepsDone === action.plan.steps.length;
      const problems = complete ? [] : await this.#takeBack(action.plan, stepsBegun);
      const text = `stanch ended in the middle of it, after ${action.stepsDone} of ${action.plan.steps.length} steps`;
      const kept = action.plan.steps.slice(0, action.stepsDone).filter(({ step }) => isFinal(step)).length;
      const rest = kept > 0 ? [`${kept} of them have no way back`] : [];
      this.#journal.end(action.id, complete ? 'done' : 'interrupted', complete ? null : [text, ...rest, ...problems].join('; '));
      found.push(this.#get(action.id).action);
    }
    return found;
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

function cannotUndo({ id }: Action, found: string): StanchError {
  return new StanchError('STANCH_E_NOT_POSSIBLE', {
    expected: `${id} to be something that can be taken back`,
    found,
    next: 'stanch actions',
  });
}
