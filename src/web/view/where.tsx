/** Where the memory is: what can be had back, what to look at, and the whole of RAM and swap as a picture and as a table. */
import { useState } from 'preact/hooks';
import type { MemoryNodeDocument, WhereDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { type Reclaim, reclaimKinds, reclaimWord } from '../words/reclaimWords.ts';
import { Cgroups } from './cgroups.tsx';
import { MemoryPicture } from './memoryPicture.tsx';
import { MemoryTable } from './memoryTable.tsx';
import { Name } from './name.tsx';

/** The daemon does not look more often. */
const whereEveryMs = 15_000;

export function WhereView() {
  const { document: where, problem } = useDocument<WhereDocument>('where', () => 'where', whereEveryMs);
  if (where === null) {
    if (problem?.kind !== 'refused') return <p class="alone waiting">Looking where the memory is …</p>;
    return (
      <div class="alone">
        <h1>Where the memory is can't be told</h1>
        <p>
          {problem.error === null
            ? 'The daemon does not say why.'
            : inert(`Expected ${problem.error.expected}; found ${problem.error.found}.`)}
        </p>
      </div>
    );
  }
  return <Where where={where} />;
}

function Where({ where }: { where: WhereDocument }) {
  const { ram, swap, reclaim, findings, notices, cgroups } = where;
  const [path, setPath] = useState<readonly string[]>([]);
  const hasSwap = swap.bytes > 0;
  const bytes: Record<Reclaim, number> = {
    free: reclaim.freeBytes,
    reclaimable: reclaim.reclaimableBytes,
    swappable: reclaim.swappableBytes,
    unreclaimable: reclaim.unreclaimableBytes,
  };
  return (
    <>
      <header>
        <h1>Where the memory is</h1>
        <p class="where-lead">
          All {formatBytes(ram.bytes)} of RAM{hasSwap ? ` and ${formatBytes(swap.bytes)} of swap` : ''}, each byte once. Parts that the
          kernel does not itemise are the remainder.
        </p>
      </header>
      {findings.length > 0 && <Findings findings={findings} />}
      <section aria-labelledby="ram-picture" class="panel">
        <div class="panel-head">
          <h2 id="ram-picture">RAM</h2>
        </div>
        <ul class="where-key">
          {reclaimKinds.map((kind) => (
            <li key={kind}>
              <span class={`where-swatch reclaim-${kind}`} aria-hidden="true" />
              <span>
                <b>{formatBytes(bytes[kind])}</b> {reclaimWord(kind, hasSwap)}
              </span>
            </li>
          ))}
        </ul>
        <MemoryPicture root={ram} path={path} onChoose={setPath} />
      </section>
      <section aria-labelledby="ram-table">
        <h2 id="ram-table">RAM, part by part</h2>
        <MemoryTable root={ram} hasSwap={hasSwap} />
      </section>
      {hasSwap && <Swap swap={swap} />}
      {cgroups !== null && cgroups.largest.length > 0 && <Cgroups cgroups={cgroups} />}
      {notices.length > 0 && <Unseen notices={notices} />}
    </>
  );
}

function Findings({ findings }: { findings: WhereDocument['findings'] }) {
  return (
    <section aria-labelledby="look-at">
      <h2 id="look-at">What to look at</h2>
      <ul class="where-findings">
        {findings.map((finding) => (
          <li key={finding.kind}>
            <p>
              <Name text={finding.text} />
            </p>
            <p class="where-next">
              <Name text={finding.next} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Swap({ swap }: { swap: MemoryNodeDocument }) {
  return (
    <section aria-labelledby="swap-table">
      <h2 id="swap-table">Swap, part by part</h2>
      <MemoryTable root={swap} hasSwap={true} />
    </section>
  );
}

function Unseen({ notices }: { notices: readonly string[] }) {
  return (
    <section aria-labelledby="unseen">
      <h2 id="unseen">What could not be seen</h2>
      <ul class="notices">
        {notices.map((text) => (
          <li key={text}>{inert(text)}</li>
        ))}
      </ul>
    </section>
  );
}
