/** One piece of evidence: the answer, what grows and who holds it, and the way to other tools. */
import { useState } from 'preact/hooks';
import type { Evidence, GrowingPart } from '../talk/documents.ts';
import { saveFile } from '../talk/save.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';
import { problemWords } from './problemWords.ts';

const mostShown = 8;
const files = [
  ['pprof', 'pb.gz'],
  ['speedscope', 'speedscope.json'],
  ['collapsed stacks', 'collapsed.txt'],
  ['JSON', 'json'],
] as const;

export function EvidenceView({ evidence }: { evidence: Evidence }) {
  const { answer, grows, notes, subject, runtime, takenAtMs, cost } = evidence;
  // What is to be done stands by itself.
  const pattern = grows[0]?.pattern ?? null;
  return (
    <article class="evidence" aria-label={`Evidence of process ${subject.pid}`}>
      <p class="answer">
        <Name text={pattern === null ? answer : answer.replace(pattern.fix, '').trim()} />
      </p>
      {pattern !== null && (
        <p class="to-fix">
          <strong>What to fix</strong> {inert(pattern.fix)}
        </p>
      )}
      {grows.length > 0 && <Growing parts={grows} />}
      {notes.length > 0 && (
        <ul class="evidence-notes">
          {notes.map((note) => (
            <li key={note}>{inert(note)}</li>
          ))}
        </ul>
      )}
      <p class="small">
        Process {subject.pid}, {inert(runtime)}, looked at <Moment at={new Date(takenAtMs).toISOString()} />. It cost{' '}
        {cost.cpuSeconds.toFixed(1)} s of CPU time and {formatBytes(cost.rssBytes)}
        {evidence.hasTexts ? '. Texts out of its memory are in it as they are' : '; texts out of its memory are masked'}.
      </p>
      <SaveAs id={evidence.id} />
    </article>
  );
}

function Growing({ parts }: { parts: readonly GrowingPart[] }) {
  const most = Math.max(...parts.map(({ bytesPerSecond }) => bytesPerSecond), 1);
  return (
    <table class="growing">
      <caption class="sr-only">What grew in the process between the three looks, most first</caption>
      <thead>
        <tr>
          <th scope="col">What grows</th>
          <th scope="col" class="num">
            By
          </th>
          <th scope="col" class="num from-tablet">
            How many
          </th>
          <th scope="col" class="num from-tablet">
            Stays
          </th>
        </tr>
      </thead>
      <tbody>
        {parts.slice(0, mostShown).map((part) => (
          <GrowingRow key={`${part.type} ${part.owner}`} part={part} share={part.bytesPerSecond / most} />
        ))}
      </tbody>
    </table>
  );
}

function GrowingRow({ part, share }: { part: GrowingPart; share: number }) {
  const {
    type,
    place,
    counts,
    isAllocation = false,
    isOneBlock = false,
    isScript = false,
    bytesPerSecond,
    survival,
    path,
    owner,
    contents,
  } = part;
  const formatOne = isAllocation || isOneBlock ? formatBytes : (count: number) => formatCount(Math.round(count));
  const held = path.length > 0 ? path : owner === null ? [] : [owner];
  return (
    <tr>
      <th scope="row">
        <span class="grows-type">
          <Name text={type} />
        </span>
        {place !== null && <code class="grows-place">{inert(place)}</code>}
        {held.length > 0 && <Way label={isScript ? 'seen in' : isAllocation ? 'called by' : 'held by'} steps={held} />}
        {contents.map((text) => (
          <code class="grows-text" key={text}>
            “{inert(text)}”
          </code>
        ))}
      </th>
      <td class="num">
        {formatBytes(bytesPerSecond)}/s
        <meter class="grows-share" min={0} max={1} value={share} aria-label={`${Math.round(share * 100)} % of what grows fastest`} />
      </td>
      <td class="num from-tablet">{isScript ? `${formatCount(counts[2])} requests` : counts.map(formatOne).join(' → ')}</td>
      <td class="num from-tablet">{survival === null ? '–' : `${Math.round(survival * 100)} %`}</td>
    </tr>
  );
}

function Way({ label, steps }: { label: string; steps: readonly string[] }) {
  return (
    <span class="held-by">
      <span>{label}</span>
      <ol>
        {steps.map((step, index) => (
          <li key={`${index} ${step}`}>
            <code>{inert(step)}</code>
          </li>
        ))}
      </ol>
    </span>
  );
}

function SaveAs({ id }: { id: string }) {
  const [said, setSaid] = useState('');
  const save = async (ending: string) => {
    try {
      await saveFile(`evidence/${encodeURIComponent(id)}/evidence.${ending}`, `stanch-${id}.${ending}`);
      setSaid('Saved.');
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <p class="buttons save-as">
      <span>Save as</span>
      {files.map(([name, ending]) => (
        <button type="button" key={ending} onClick={() => void save(ending)}>
          {name}
        </button>
      ))}
      <span role="status">{said}</span>
    </p>
  );
}
