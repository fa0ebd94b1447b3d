/** What the API serves from: the daemon hands this over, and the tests a small one of their own. */

import type { Audit } from '../advise/audit/audit.ts';
import type { Explainer } from '../explain/explainer.ts';
import type { PostMortem } from '../model/kill.ts';
import type { Notice } from '../model/notice.ts';
import type { Configured, Settings } from '../model/settings.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import type { HostCondition } from '../relate/hostWatch.ts';
import type { Where } from '../relate/where.ts';
import type { ProcessSource } from '../sample/bpfTier.ts';
import type { OwnCost } from '../sample/ownCost.ts';
import type { Scan } from '../sample/scan.ts';
import type { SeriesStore } from '../series/store.ts';
import type { Guardian } from '../stabilise/guardian.ts';
import type { Teller } from '../tell/teller.ts';
import type { AuditLog } from './auditLog.ts';

export interface Judged {
  verdict: SubjectVerdict | null;
  /** Floor of private memory, oldest first. */
  spark(): (number | null)[];
}

export interface LiveSource {
  readonly version: string;
  readonly hostName: string;
  settings(): Settings;
  /** null: the settings come from no file. */
  configured(): Configured | null;
  /** stanch's time, ms since the epoch. */
  nowMs(): number;
  /** The latest scan. */
  scan(): Scan;
  /** Time between two scans now, which the budget may have made longer; and whether what grows is looked at closer. */
  pace(): { intervalMs: number; looksCloser: boolean };
  /** How long it took, ms. */
  scanMs(): number;
  /** Where the memory is: read when it is asked for, and kept for a while. Errors: STANCH_E_NO_INPUT. */
  where(): Where;
  /** How well it is set up, kept as long. */
  hardening(): Audit;
  /** What the server goes through, as of the latest scan. */
  condition(): HostCondition;
  /** Processes killed for want of memory, latest first. */
  kills(): PostMortem[];
  processSource(): ProcessSource;
  /** null: not judged on its own. */
  judged(subjectId: string): Judged | null;
  verdictRevision(): number;
  notices(): Notice[];
  ownCost(): OwnCost;
  readonly store: Pick<SeriesStore, 'read' | 'findings' | 'health'>;
  readonly incidents: Pick<Teller, 'incidents' | 'incident' | 'deliveries' | 'handle'>;
  readonly explainer: Pick<Explainer, 'job' | 'evidence' | 'get' | 'plan' | 'begin' | 'cancel'>;
  readonly guardian: Pick<Guardian, 'actions' | 'proposals' | 'propose' | 'keepPlan' | 'agree' | 'undo'>;
  readonly audit: Pick<AuditLog, 'write' | 'read'>;
  /** Somebody waits for an answer. */
  asked(): void;
  /** Called after each scan. Returns the way to end it. */
  onTick(listener: () => void): () => void;
}
