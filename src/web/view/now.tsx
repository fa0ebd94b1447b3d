/** The first view: how the server is, how long it lasts, what leaks and what to do. Ten seconds. */

import { useState } from 'preact/hooks';
import { Sparkline } from '../chart/sparkline.tsx';
import { workloadHref } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import type { Evidence, EvidenceListDocument, IncidentsDocument, StatusDocument, SubjectRow, SubjectsDocument } from '../talk/documents.ts';
import { status, useDocument } from '../talk/live.ts';
import { formatBytes } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { unbroken } from '../words/unbroken.ts';
import { classWord, rateWords, resourceWord, wallWord } from '../words/verdictWords.ts';
import { PlanRestart, useActions } from './acting.tsx';
import { Condition, Kills } from './condition.tsx';
import { exhaustionInterval, timeLeft, VerdictFacts } from './facts.tsx';
import { HostMemory, hostMemoryPath } from './hostMemory.tsx';
import { OpenIncidents } from './incidents.tsx';
import { Lately } from './lately.tsx';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';
import { asSentence, Reasons } from './reasons.tsx';
import { VerdictMark } from './verdictMark.tsx';
import { WhatToDo } from './whatToDo.tsx';

const accusedEveryMs = 3000;
const evidenceEveryMs = 15_000;
/** Characters: command lines make long sentences. */
const longSummary = 110;

export function Now() {
  const now = status.value;
  // The picture that everybody comes for, while the status is still to come.
  useState(() => askAhead(hostMemoryPath));
  const accused = useDocument<SubjectsDocument>('accused', () => 'subjects?kind=workload&sort=concern&limit=30', accusedEveryMs);
  const incidents = useDocument<IncidentsDocument>('open incidents', () => 'incidents?state=open&limit=20', accusedEveryMs);
  if (now === null) return <p class="alone waiting">Asking the daemon how the server is …</p>;

  const rows = accused.document?.subjects ?? [];
  const leaks = rows.filter((row) => row.verdict.verdict === 'leak');
  const suspects = rows.filter((row) => row.verdict.verdict === 'suspect');
  // What leaks has a card of its own.
  const others = (incidents.document?.incidents ?? []).filter(({ subjectId }) => !leaks.some(({ id }) => id === subjectId));
  return (
    <>
      <Headline now={now} />
      <Condition condition={now.condition} />
      <HostMemory host={now.host} leaks={leaks} />
      {leaks.length > 0 && <Leaks rows={leaks} total={now.leakCount} />}
      {others.length > 0 && <OpenIncidents incidents={others} heading={leaks.length > 0 ? 'Open besides' : 'Open incidents'} />}
      {leaks.length === 0 && accused.document !== null && <Calm now={now} isQuiet={others.length === 0} />}
      {suspects.length > 0 && <Suspects rows={suspects} />}
      <Kills kills={now.kills} />
      <Lately />
      <Notices notices={now.notices} />
    </>
  );
}

function Headline({ now }: { now: StatusDocument }) {
  const { host } = now;
  return (
    <section class="headline" aria-label="In one sentence">
      <h1 class={now.summary.length > longSummary ? 'long' : ''}>
        <Name text={unbroken(now.summary)} />
      </h1>
      {host.exhaustion ? (
        <p class="countdown countdown-leak">
          {/* As of the sentence beside it: they would differ by a minute now and then. */}
          <span>Memory lasts</span> <strong>{timeLeft(host.exhaustion.at, Date.parse(now.time))}</strong>{' '}
          <span>
            {exhaustionInterval(host.exhaustion)}, then {wallWord(host.exhaustion.wall)}
          </span>
        </p>
      ) : (
        <p class="countdown">
          <span>Memory available</span>{' '}
          <strong>{host.memAvailableBytes === null ? 'not known' : formatBytes(host.memAvailableBytes)}</strong>{' '}
          <span>{host.memTotalBytes === null ? '' : `of ${formatBytes(host.memTotalBytes)} RAM`}</span>
        </p>
      )}
    </section>
  );
}

function Leaks({ rows, total }: { rows: readonly SubjectRow[]; total: number }) {
  const actions = useActions();
  const { evidence: found, job } = useDocument<EvidenceListDocument>('evidence', () => 'evidence?limit=20', evidenceEveryMs).document ?? {
    evidence: [],
    job: null,
  };
  const lookedAt = job?.state === 'running' ? job.subject.subjectId : null;
  return (
    <section aria-labelledby="leaks">
      <h2 id="leaks">{total <= 1 ? 'What leaks' : `What leaks: ${total} workloads`}</h2>
      {rows.map((row) => (
        <LeakCard
          row={row}
          evidence={found.find(({ subject }) => subject.subjectId === row.id)}
          isLookedAt={lookedAt === row.id}
          actions={actions}
          key={row.id}
        />
      ))}
      {total > rows.length && (
        <p class="more">
          <a href="#/workloads">All of them in the list of workloads</a>
        </p>
      )}
    </section>
  );
}

/** Where in the application, when that was found out; else the way to find out. */
function Inside({ evidence, isLookedAt, href }: { evidence: Evidence | undefined; isLookedAt: boolean; href: string }) {
  if (evidence === undefined) {
    return (
      <p class="inside">
        Where in the application it leaks is not known yet.{' '}
        <a href={href}>{isLookedAt ? 'stanch is finding it out' : 'Find out where it leaks'}</a>
      </p>
    );
  }
  return (
    <div class="inside inside-known">
      <h4>Where it leaks</h4>
      <p>
        <Name text={evidence.answer} />
      </p>
      <p class="small">
        Found out <Moment at={new Date(evidence.takenAtMs).toISOString()} />. <a href={href}>What is behind it</a>
      </p>
    </div>
  );
}

interface LeakCardProps {
  row: SubjectRow;
  evidence: Evidence | undefined;
  isLookedAt: boolean;
  actions: ReturnType<typeof useActions>;
}

function LeakCard({ row, evidence, isLookedAt, actions }: LeakCardProps) {
  const { verdict } = row;
  return (
    <article class="leak" aria-labelledby={`leak-${row.id}`}>
      <header>
        <div>
          <h3 id={`leak-${row.id}`}>
            <a href={workloadHref(row.id)}>
              <Name text={row.name} />
            </a>
          </h3>
          {hostingWords(row) !== null && <p class="small">{hostingWords(row)}</p>}
          <p class="leak-class">
            {resourceWord(verdict.resource)}. {classWord(verdict.class)}.{' '}
            <span class="small">{Math.floor(verdict.probability * 1000) / 10} % sure.</span>
          </p>
        </div>
        {verdict.resource === 'memory' && <Sparkline values={row.spark} accent={true} />}
      </header>
      <VerdictFacts verdict={verdict} />
      <Inside evidence={evidence} isLookedAt={isLookedAt} href={`${workloadHref(row.id)}?at=where-it-leaks`} />
      <WhatToDo row={row}>
        <PlanRestart subjectId={row.id} actions={actions} />
      </WhatToDo>
      <Reasons verdict={verdict} brief={true} />
    </article>
  );
}

function Calm({ now, isQuiet }: { now: StatusDocument; isQuiet: boolean }) {
  const undecided = now.undecidedCount;
  const judged = now.self.workloadCount;
  if (judged === 0) {
    return (
      <section aria-labelledby="calm" class="calm">
        <h2 id="calm">stanch has just started looking</h2>
        <p>There is nothing to judge yet. A fast leak shows after a minute or two, a slow one after some hours.</p>
      </section>
    );
  }
  return (
    <section aria-labelledby="calm" class="calm">
      <h2 id="calm">{now.suspectCount > 0 ? 'Nothing is sure to leak' : 'Nothing leaks'}</h2>
      <p>
        {judged === undecided
          ? `All ${judged} workloads are too young to judge. `
          : `${judged - undecided - now.suspectCount} of ${judged} workloads are healthy${undecided > 0 ? `; ${undecided} are too young to judge` : ''}. `}
        {isQuiet && 'You need not do anything. '}A slow leak takes hours to show itself; stanch keeps looking.
      </p>
    </section>
  );
}

function Suspects({ rows }: { rows: readonly SubjectRow[] }) {
  return (
    <section aria-labelledby="suspects">
      <h2 id="suspects">Suspected, not proven</h2>
      <ul class="suspects">
        {rows.map((row) => (
          <li key={row.id}>
            <a href={workloadHref(row.id)}>
              <Name text={row.name} />
            </a>
            <VerdictMark verdict="suspect" />
            <span class="num">{row.verdict.slope === null ? '' : rateWords(row.verdict.slope, row.verdict.resource)}</span>
            <span class="suspect-why">
              {asSentence(inert(row.verdict.reasons.find((reason) => reason.for === 'leak')?.text ?? classWord(row.verdict.class)))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Notices({ notices }: { notices: StatusDocument['notices'] }) {
  if (notices.length === 0) return null;
  return (
    <section aria-labelledby="notices">
      <h2 id="notices">What stanch can't see or do now</h2>
      <ul class="notices">
        {notices.map((notice) => (
          <li key={notice.code + notice.text}>
            {inert(notice.text)}{' '}
            <span class="small">
              Since <Moment at={notice.since} />. <code>{notice.code}</code>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
