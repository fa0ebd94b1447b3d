/** Where in the application it leaks: asked for with its cost told first, followed while it is looked for, and then read. */
import { useEffect, useState } from 'preact/hooks';
import { tell } from '../talk/api.ts';
import { askDocument } from '../talk/askDocument.ts';
import type { EvidenceListDocument, EvidencePlanDocument, ExplainJob, Means, Member, Resource, SubjectRow } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes, formatDuration } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { shellWord } from '../words/shell.ts';
import { resourceWord } from '../words/verdictWords.ts';
import { Command } from './command.tsx';
import { tickingNowMs } from './connection.tsx';
import { EvidenceView } from './evidence.tsx';
import { EvidencePlan } from './evidencePlan.tsx';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';
import { problemWords } from './problemWords.ts';

const bytes: readonly Resource[] = ['memory', 'shmem', 'kernel'];
const everyMs = 15_000;
const whileRunningMs = 2000;
const planTimeoutMs = 20_000;
const mostProcesses = 50;

export function WhereItLeaks({ subject, members }: { subject: SubjectRow; members: readonly Member[] }) {
  const asking = useExplanation(subject.id);
  const { found, failed, job } = asking;
  const [latest, ...earlier] = found?.evidence ?? [];
  const isOurs = job !== null && (job.subject.subjectId === subject.id || members.some(({ id }) => id === job.subject.subjectId));
  const isRunning = job?.state === 'running';
  return (
    <section aria-labelledby="where-it-leaks" class="panel why">
      <div class="panel-head">
        <h2 id="where-it-leaks" tabIndex={-1}>
          {isAccused(subject) ? 'Where it leaks' : 'What grows inside it'}
        </h2>
      </div>
      {!bytes.includes(subject.verdict.resource) && (
        <p class="why-lead">
          What stands out here is {resourceWord(subject.verdict.resource).toLowerCase()} and not memory: see below what it holds open. What
          is read here is memory.
        </p>
      )}
      {isRunning && <Running job={job} isOurs={isOurs} onCancel={asking.cancel} />}
      {!isRunning && isOurs && job.state === 'failed' && <p class="wrong">It could not be found out: {failureWords(job)}</p>}
      {!isRunning && isOurs && job.state === 'cancelled' && <p>It was ended before it was done. The process goes on.</p>}
      {latest !== undefined && <EvidenceView evidence={latest} />}
      {!isRunning && <Ask subject={subject} members={members} asking={asking} isFirst={latest === undefined} />}
      <p role="status" class="why-said">
        {asking.said}
      </p>
      {found === null && (
        <p class="waiting">{failed ? 'What was found before could not be loaded.' : 'Looking for what was found before …'}</p>
      )}
      {earlier.length > 0 && <Earlier evidence={earlier} />}
    </section>
  );
}

/** What is known and what can be asked for. */
function useExplanation(subjectId: string) {
  const [plan, setPlan] = useState<EvidencePlanDocument | null>(null);
  const [said, setSaid] = useState('');
  const [answered, setAnswered] = useState<EvidenceListDocument | null>(null);
  const [turn, setTurn] = useState(0);
  const held = useDocument<EvidenceListDocument>(
    `evidence ${subjectId}?${turn}`,
    () => `evidence?limit=10&subject=${encodeURIComponent(subjectId)}`,
    everyMs,
  );
  const found = held.document;
  const job = answered !== null && (found === null || answered.time > found.time) ? answered.job : (found?.job ?? null);
  const isRunning = job?.state === 'running';
  // Scans may be half a minute apart: whoever waits is not to wait for the next one.
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setTurn((before) => before + 1), whileRunningMs);
    return () => clearInterval(timer);
  }, [isRunning]);

  const attempt = async (work: () => Promise<void>) => {
    try {
      setSaid('');
      await work();
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  const change = (path: string, body: Record<string, unknown>) =>
    attempt(async () => {
      setAnswered(await tell<EvidenceListDocument>(path, { ...body, by: 'page' }));
      setPlan(null);
      setTurn((before) => before + 1);
    });
  return {
    found,
    failed: held.problem !== null,
    job,
    plan,
    said,
    look: (wanted: string, means: Means) =>
      attempt(async () => {
        const path = `evidence/plan?subject=${encodeURIComponent(wanted)}&means=${means}`;
        setPlan(await askDocument<EvidencePlanDocument>(path, AbortSignal.timeout(planTimeoutMs)));
      }),
    leave: () => setPlan(null),
    begin: (wanted: string, means: Means) => change('evidence', { subject: wanted, means }),
    cancel: () => change('evidence/cancel', {}),
  };
}

interface AskProps {
  subject: SubjectRow;
  members: readonly Member[];
  asking: ReturnType<typeof useExplanation>;
  isFirst: boolean;
}

function Ask({ subject, members, asking, isFirst }: AskProps) {
  const [wanted, setWanted] = useState(subject.id);
  const { plan } = asking;
  const word = shellWord(subject.name) ?? members[0]?.pid.toString() ?? null;
  if (plan !== null) {
    const begin = () => void asking.begin(wanted, plan.means);
    return <EvidencePlan plan={plan} onChoose={(means) => void asking.look(wanted, means)} onBegin={begin} onLeave={asking.leave} />;
  }
  return (
    <>
      {isFirst && asking.found !== null && (
        <p class="why-lead">
          stanch can read the memory of the running process and say which type in it grows and who holds it, without a restart and without
          stopping it. What that costs is told first.
        </p>
      )}
      <p class="buttons">
        {members.length > 1 && (
          <label class="why-process">
            <span class="sr-only">Which process</span>
            <select value={wanted} onChange={(event) => setWanted(event.currentTarget.value)}>
              <option value={subject.id}>The largest of {members.length} processes</option>
              {members.slice(0, mostProcesses).map(({ id, pid, privateBytes }) => (
                <option value={id} key={id}>
                  Process {pid}
                  {privateBytes === null ? '' : `, ${formatBytes(privateBytes)}`}
                </option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          class={isFirst && isAccused(subject) ? 'primary' : ''}
          disabled={members.length === 0}
          onClick={() => void asking.look(wanted, 'memory')}
        >
          {isFirst ? (isAccused(subject) ? 'Find out where it leaks' : 'Look inside') : 'Look again'}
        </button>
      </p>
      {members.length === 0 && <p class="small">None of its processes runs any more: there is nothing to read.</p>}
      {isFirst && word !== null && members.length > 0 && <Command text={`sudo stanch why ${word}`} />}
    </>
  );
}

/** By what is done, as `explain` tells it. */
const stages = [
  [0.3, 'First of three looks'],
  [0.6, 'Second of three looks'],
  [0.89, 'Third look'],
  [2, 'Comparing the three looks'],
] as const;
const almostDone = 0.97;

function Running({ job, isOurs, onCancel }: { job: ExplainJob; isOurs: boolean; onCancel: () => void }) {
  const stage = job.pool === null ? stages.find(([below]) => job.done < below)?.[1] : 'Looking after each request';
  const elapsedMs = tickingNowMs() - job.startedMs;
  const leftMs = job.estimate.wallMs - elapsedMs;
  return (
    <div class="why-running">
      {!isOurs && (
        <p>
          stanch explains one process at a time. Now it is <Name text={job.subject.name} />.
        </p>
      )}
      <p>
        <strong>{stage}</strong>{' '}
        <span class="small">
          of process {job.subject.pid}; {leftMs > 1000 ? `about ${formatDuration(leftMs)} left` : 'nearly done'}
        </span>
      </p>
      <progress
        max={1}
        value={Math.min(almostDone, Math.max(0, elapsedMs / job.estimate.wallMs))}
        aria-label={`Explaining process ${job.subject.pid}`}
      />
      <p class="buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <span class="small">{doneToIt(job)}</span>
      </p>
    </div>
  );
}

function doneToIt({ means, says }: ExplainJob): string {
  if (means === 'inspector') return 'Its inspector is open, and is closed again either way.';
  return says === null
    ? 'The process is only read. Nothing happens to it either way.'
    : `Now stanch ${inert(says)}. It goes on either way.`;
}

/** Of what is not, nothing is to be said to leak. */
function isAccused({ verdict }: SubjectRow): boolean {
  return verdict.verdict === 'leak' || verdict.verdict === 'suspect';
}

/** The code in front is for machines. */
function failureWords({ error }: ExplainJob): string {
  return inert((error ?? 'no reason was given').replace(/^STANCH_E_\w+: /, ''));
}

function Earlier({ evidence }: { evidence: EvidenceListDocument['evidence'] }) {
  return (
    <div class="earlier">
      <h3>Found before</h3>
      {evidence.map((one) => (
        <details key={one.id}>
          <summary>
            <Moment at={new Date(one.takenAtMs).toISOString()} />, process {one.subject.pid}:{' '}
            {one.grows[0] === undefined ? 'nothing grew' : inert(one.grows[0].type)}
          </summary>
          <EvidenceView evidence={one} />
        </details>
      ))}
    </div>
  );
}
