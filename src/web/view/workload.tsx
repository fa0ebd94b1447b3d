/** One workload: what it holds over time, why it is judged so, who is in it, what was found before. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { workloadHref } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import type { SubjectDetailDocument, SubjectRow, WorkloadRow } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { classWord, originWord, resources, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { Acting, useActions } from './acting.tsx';
import { Advice } from './advice.tsx';
import { growthOf, growthWords } from './columns.tsx';
import { VerdictFacts } from './facts.tsx';
import { Gone } from './gone.tsx';
import { seriesPath } from './hostMemory.tsx';
import { Lives } from './lives.tsx';
import { Name } from './name.tsx';
import { OpenFilesPanel } from './openFiles.tsx';
import { readRange } from './range.tsx';
import { Reasons } from './reasons.tsx';
import { ResourceHistory } from './resourceHistory.tsx';
import { shownRow } from './shownRows.ts';
import { SinceWhen } from './sinceWhen.tsx';
import { VerdictMark } from './verdictMark.tsx';
import { WhatToDo } from './whatToDo.tsx';
import { WhereItLeaks } from './whereItLeaks.tsx';
import { Findings, Members } from './workloadTables.tsx';

const detailEveryMs = 3000;
/** Characters: a command line, not a name. */
const longName = 48;

export function subjectPath(id: string): string {
  return `subjects/${encodeURIComponent(id)}`;
}

export function Workload({ id, query }: { id: string; query: URLSearchParams }) {
  // The history most people come for, while its verdict is still to come.
  const first = seriesPath(id, resources.find((name) => name === query.get('resource')) ?? 'memory', readRange(query));
  useState(() => askAhead(first));
  const { document: detail, problem } = useDocument<SubjectDetailDocument>(id, () => subjectPath(id), detailEveryMs);
  const row = shownRow(id);
  const name = detail?.subject.name ?? row?.name;
  useEffect(() => {
    document.title = name === undefined ? 'Workload' : inert(name);
  }, [name]);

  if (detail === null) {
    if (problem?.kind === 'refused') return <Gone id={id} query={query} />;
    return row === null ? <p class="alone waiting">Loading the workload …</p> : <Outline row={row} />;
  }
  return <Detail detail={detail} query={query} ended={problem?.kind === 'refused'} />;
}

/** What the list knew of it, until the rest has come. */
function Outline({ row }: { row: WorkloadRow }) {
  const growth = growthOf(row);
  return (
    <>
      <Head subject={row} />
      <section aria-label="Verdict" class="judgement">
        <p class="judgement-word">
          <VerdictMark verdict={row.verdict} />
          {growth !== null && <span>{growthWords(growth)} of private memory</span>}
        </p>
        <p class="waiting">Loading its history …</p>
      </section>
    </>
  );
}

function Head({ subject, children }: { subject: WorkloadRow | SubjectRow; children?: ComponentChildren }) {
  return (
    <header class="subject">
      <p class="crumb">
        <a href="#/workloads">Workloads</a>
      </p>
      <h1 class={subject.name.length > longName ? 'long' : ''}>
        <Name text={subject.name} />
      </h1>
      <p class="subject-line">{subjectLine(subject)}</p>
      {children}
    </header>
  );
}

/** False until a frame with what is asked for first has been painted: the parts below would hold it up. */
function usePainted(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPainted(true));
    return () => clearTimeout(timer);
  }, []);
  return isPainted;
}

function Detail({ detail, query, ended }: { detail: SubjectDetailDocument; query: URLSearchParams; ended: boolean }) {
  const { subject, members, findings, openFiles } = detail;
  const resource = resources.find((name) => name === query.get('resource')) ?? subject.verdict.resource;
  const verdict = subject.verdict.resources.find((one) => one.resource === resource) ?? null;
  const actions = useActions();
  const seePlan = () => {
    actions.refresh();
    goTo('acting');
  };
  const isPainted = usePainted();
  const at = query.get('at');
  useEffect(() => {
    if (at !== null && isPainted) goTo(at);
  }, [at, isPainted]);
  return (
    <>
      <Head subject={subject}>
        {ended && <p class="ended">It has ended: none of its processes runs any more. What you see is the last that was known.</p>}
      </Head>
      <section aria-labelledby="judgement" class="judgement">
        <h2 id="judgement" class="sr-only">
          Verdict
        </h2>
        <p class="judgement-word">
          <VerdictMark verdict={subject.verdict.verdict} />
          <span>
            {classWord(subject.verdict.class)}.{' '}
            <span class="small">{Math.floor(subject.verdict.probability * 1000) / 10} % sure that it leaks.</span>
          </span>
        </p>
        <VerdictFacts verdict={subject.verdict} />
        {subject.verdict.verdict === 'leak' && (
          <WhatToDo row={subject}>
            <p class="buttons">
              <PartLink id={subject.id} part="acting" name="Do something about it" />
              <PartLink id={subject.id} part="where-it-leaks" name="Find out where it leaks" />
            </p>
          </WhatToDo>
        )}
        <Contents id={subject.id} />
      </section>
      {isPainted && (
        <>
          <ResourceHistory subjectId={subject.id} judged={subject.verdict.resources} resource={resource} query={query} />
          {verdict && (
            <section aria-label="Reasons" class="panel">
              <div class="panel-head">
                <h2>
                  {resourceWord(resource)}: {verdictWord(verdict.verdict).toLowerCase()}
                </h2>
              </div>
              <Reasons verdict={verdict} brief={false} />
            </section>
          )}
          <WhereItLeaks subject={subject} members={members} />
          {!ended && <Acting subject={subject} actions={actions} />}
          <SinceWhen subjectId={subject.id} />
          {!ended && <Advice subject={subject} onPlanned={seePlan} />}
          <Lives subjectId={subject.id} />
          {openFiles && <OpenFilesPanel openFiles={openFiles} />}
          <Members members={members} />
          <Findings findings={findings} />
        </>
      )}
    </>
  );
}

/** Parts of this view that a link can lead to: the id of a heading, and what it is called. */
const parts = [
  ['where-it-leaks', 'Inside it'],
  ['acting', 'What can be done'],
  ['since-when', 'Since when'],
  ['advice', 'What to set'],
  ['lives', 'Life by life'],
  ['members', 'Processes'],
] as const;

/** Sent to somebody, each of these links leads to the same place. */
function Contents({ id }: { id: string }) {
  return (
    <nav class="contents" aria-label="On this page">
      <ul>
        {parts.map(([part, name]) => (
          <li key={part}>
            <PartLink id={id} part={part} name={name} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function PartLink({ id, part, name }: { id: string; part: string; name: string }) {
  return (
    <a href={`${workloadHref(id)}?at=${part}`} onClick={() => goTo(part)}>
      {name}
    </a>
  );
}

function goTo(part: string): void {
  if (!parts.some(([known]) => known === part)) return;
  const heading = document.getElementById(part);
  heading?.scrollIntoView({ block: 'start' });
  heading?.focus({ preventScroll: true });
}

function subjectLine(subject: WorkloadRow | SubjectRow): string {
  return [
    subject.origin === null ? null : originWord(subject.origin),
    subject.user === null ? null : `user ${inert(subject.user)}`,
    hostingWords(subject),
    subject.processes === null ? null : `${formatCount(subject.processes)} ${subject.processes === 1 ? 'process' : 'processes'}`,
    !('zombies' in subject) || subject.zombies === 0
      ? null
      : `${formatCount(subject.zombies)} ${subject.zombies === 1 ? 'zombie' : 'zombies'}`,
    subject.privateBytes === null ? null : `${formatBytes(subject.privateBytes)} private memory`,
    subject.swapBytes === null || subject.swapBytes === 0 ? null : `${formatBytes(subject.swapBytes)} of it swapped out`,
    'limitBytes' in subject ? (subject.limitBytes === null ? 'no memory limit' : `limit ${formatBytes(subject.limitBytes)}`) : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}
