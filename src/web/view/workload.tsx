/** One workload: what it holds over time, why it is judged so, who is in it, what was found before. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { seriesInWords } from '../chart/inWords.ts';
import { ChartNumbers } from '../chart/numbers.tsx';
import { subjectChart } from '../chart/subjectChart.ts';
import { TimeChart } from '../chart/timeChart.tsx';
import { replaceQuery, workloadHref } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import { daemonNowMs } from '../talk/clock.ts';
import type { Resource, SeriesDocument, SubjectDetailDocument, SubjectRow, Verdict } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { unbroken } from '../words/unbroken.ts';
import { classWord, originWord, resources, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { Acting, useActions } from './acting.tsx';
import { Advice } from './advice.tsx';
import { VerdictFacts } from './facts.tsx';
import { seriesPath } from './hostMemory.tsx';
import { Lives } from './lives.tsx';
import { Load } from './load.tsx';
import { Name } from './name.tsx';
import { OpenFilesPanel } from './openFiles.tsx';
import { RangeSwitch, rangeFromMs, readRange, rememberRange } from './range.tsx';
import { Reasons } from './reasons.tsx';
import { SinceWhen } from './sinceWhen.tsx';
import { VerdictMark } from './verdictMark.tsx';
import { WhatToDo } from './whatToDo.tsx';
import { WhereItLeaks } from './whereItLeaks.tsx';
import { Findings, Members } from './workloadTables.tsx';

const detailEveryMs = 3000;
const chartGroup = 'workload';
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
  const name = detail?.subject.name;
  useEffect(() => {
    document.title = name === undefined ? 'Workload' : inert(name);
  }, [name]);

  if (detail === null) {
    if (problem?.kind === 'refused') {
      return (
        <div class="alone">
          <h1>No such workload</h1>
          <p>
            stanch knows none under this address. It may be long gone, or the link is from another server.{' '}
            <a href="#/workloads">See the workloads of this one</a>.
          </p>
        </div>
      );
    }
    return <p class="alone waiting">Loading the workload …</p>;
  }
  return <Detail detail={detail} query={query} ended={problem?.kind === 'refused'} />;
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
  const at = query.get('at');
  useEffect(() => {
    if (at !== null) goTo(at);
  }, [at]);
  return (
    <>
      <header class="subject">
        <p class="crumb">
          <a href="#/workloads">Workloads</a>
        </p>
        <h1 class={subject.name.length > longName ? 'long' : ''}>
          <Name text={subject.name} />
        </h1>
        <p class="subject-line">{subjectLine(subject)}</p>
        {ended && <p class="ended">It has ended: none of its processes runs any more. What you see is the last that was known.</p>}
      </header>
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
      <ResourceHistory subject={subject} resource={resource} query={query} />
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

function subjectLine(subject: SubjectRow): string {
  return [
    subject.origin === null ? null : originWord(subject.origin),
    subject.user === null ? null : `user ${inert(subject.user)}`,
    hostingWords(subject),
    subject.processes === null ? null : `${formatCount(subject.processes)} ${subject.processes === 1 ? 'process' : 'processes'}`,
    subject.zombies === 0 ? null : `${formatCount(subject.zombies)} ${subject.zombies === 1 ? 'zombie' : 'zombies'}`,
    subject.privateBytes === null ? null : `${formatBytes(subject.privateBytes)} private memory`,
    subject.swapBytes === null || subject.swapBytes === 0 ? null : `${formatBytes(subject.swapBytes)} of it swapped out`,
    subject.limitBytes === null ? 'no memory limit' : `limit ${formatBytes(subject.limitBytes)}`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

function ResourceHistory({ subject, resource, query }: { subject: SubjectRow; resource: Resource; query: URLSearchParams }) {
  const range = readRange(query);
  const key = `${subject.id}/${resource}?${range}`;
  const held = useDocument<SeriesDocument>(key, () => seriesPath(subject.id, resource, range), detailEveryMs);
  const { document: series, problem } = held;
  const label = resourceWord(resource);
  const model = useMemo(() => {
    if (series === null || series.timeMs.length < 2) return null;
    const nowMs = daemonNowMs();
    return subjectChart(series, label, rangeFromMs(range, nowMs), nowMs);
  }, [series, range]);
  const summary = series === null ? '' : seriesInWords(series, label.toLowerCase(), daemonNowMs());
  return (
    <section aria-labelledby="history" class="panel" aria-busy={held.key !== key}>
      <div class="panel-head">
        <h2 id="history">{label} over time</h2>
        <RangeSwitch range={range} onChoose={rememberRange} onAim={(aimed) => askAhead(seriesPath(subject.id, resource, aimed))} />
      </div>
      <ResourceSwitch judged={subject.verdict.resources} resource={resource} />
      {model ? (
        <TimeChart model={model} summary={summary} height={300} group={chartGroup} />
      ) : (
        <p class="chart-empty">{emptyText(series, problem !== null)}</p>
      )}
      <p class="in-words">{unbroken(summary)}</p>
      {model && <ChartNumbers model={model} caption={`${label} over time`} />}
      {model && series && (
        <Load
          subjectId={subject.id}
          range={range}
          holding={series}
          what={resource === 'memory' ? 'memory' : label.toLowerCase()}
          above={model}
          group={chartGroup}
        />
      )}
    </section>
  );
}

function emptyText(series: SeriesDocument | null, failed: boolean): string {
  if (series !== null)
    return series.timeMs.length === 0 ? 'Nothing was recorded in this range.' : 'The first points are being recorded. A line needs two.';
  return failed ? 'The history could not be loaded. It is tried again with every scan.' : 'Loading the history …';
}

function ResourceSwitch({ judged, resource }: { judged: readonly Verdict[]; resource: Resource }) {
  const offered = resources.filter((name) => name === resource || judged.some((verdict) => verdict.resource === name));
  if (offered.length < 2) return null;
  return (
    <fieldset class="switch switch-wide">
      <legend class="sr-only">Resource</legend>
      {offered.map((name) => {
        const verdict = judged.find((one) => one.resource === name)?.verdict;
        const accused = verdict === 'leak' || verdict === 'suspect';
        return (
          <button type="button" key={name} aria-pressed={name === resource} onClick={() => replaceQuery({ resource: name })}>
            {resourceWord(name)}
            {accused && <span class={`switch-verdict verdict-${verdict}`}> · {verdictWord(verdict).toLowerCase()}</span>}
          </button>
        );
      })}
    </fieldset>
  );
}
