/** One workload: what it holds over time, why it is judged so, who is in it, what was found before. */
import { useEffect, useMemo } from 'preact/hooks';
import { seriesInWords } from '../chart/inWords.ts';
import { ChartNumbers } from '../chart/numbers.tsx';
import { subjectChart } from '../chart/subjectChart.ts';
import { TimeChart } from '../chart/timeChart.tsx';
import { replaceQuery } from '../route.ts';
import type { Resource, SeriesDocument, SubjectDetailDocument, SubjectRow, Verdict } from '../talk/documents.ts';
import { daemonNowMs, useDocument } from '../talk/live.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { hostingWords } from '../words/hosting.ts';
import { inert } from '../words/inert.ts';
import { classWord, originWord, resources, resourceWord, verdictWord } from '../words/verdictWords.ts';
import { VerdictFacts } from './facts.tsx';
import { seriesPath } from './hostMemory.tsx';
import { Name } from './name.tsx';
import { OpenFilesPanel } from './openFiles.tsx';
import { RangeSwitch, rangeFromMs, readRange, rememberRange } from './range.tsx';
import { Reasons } from './reasons.tsx';
import { VerdictMark } from './verdictMark.tsx';
import { WhatToDo } from './whatToDo.tsx';
import { Findings, Members } from './workloadTables.tsx';

const detailEveryMs = 3000;
/** Characters: a command line, not a name. */
const longName = 48;

export function Workload({ id, query }: { id: string; query: URLSearchParams }) {
  const { document: detail, problem } = useDocument<SubjectDetailDocument>(id, () => `subjects/${encodeURIComponent(id)}`, detailEveryMs);
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
        {subject.verdict.verdict === 'leak' && <WhatToDo row={subject} />}
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
      {openFiles && <OpenFilesPanel openFiles={openFiles} />}
      <Members members={members} />
      <Findings findings={findings} />
    </>
  );
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
  const { document: series, problem } = useDocument<SeriesDocument>(key, () => seriesPath(subject.id, resource, range), detailEveryMs);
  const label = resourceWord(resource);
  const model = useMemo(() => {
    if (series === null || series.timeMs.length < 2) return null;
    const nowMs = daemonNowMs();
    return subjectChart(series, label, rangeFromMs(range, nowMs), nowMs);
  }, [series]);
  const summary = series === null ? '' : seriesInWords(series, label.toLowerCase(), daemonNowMs());
  return (
    <section aria-labelledby="history" class="panel">
      <div class="panel-head">
        <h2 id="history">{label} over time</h2>
        <RangeSwitch range={range} onChoose={rememberRange} />
      </div>
      <ResourceSwitch judged={subject.verdict.resources} resource={resource} />
      {model ? (
        <TimeChart model={model} summary={summary} height={300} />
      ) : (
        <p class="chart-empty">{emptyText(series, problem !== null)}</p>
      )}
      <p class="in-words">{summary}</p>
      {model && <ChartNumbers model={model} caption={`${label} over time`} />}
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
