import type { Step } from '../../model/action.ts';
import type { Systemd } from '../systemd/systemd.ts';

export interface StepContext {
  systemd: Systemd;
  procRoot: string;
  /** Of the v2 hierarchy. */
  cgroupRoot: string;
}

/** How one kind of step is carried out. Throws a coded error, and has then changed nothing. */
export interface StepRunner<S extends Step> {
  run(step: S, context: StepContext): Promise<void>;
  /** null: what is done cannot be taken back. Doing it twice does no harm, and what was not done is left alone. */
  undo: ((step: S, context: StepContext) => Promise<void>) | null;
}
