/** What to set so that it does not come back, with the arithmetic, the exact lines, and the commands there and back. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { tell } from '../talk/api.ts';
import type { AdviceDocument, Proposal, Recommendation, SubjectRow } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { formatBytes } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { shellWord } from '../words/shell.ts';
import { Command } from './command.tsx';
import { problemWords } from './problemWords.ts';
import { asSentence, withStop } from './reasons.tsx';

const everyMs = 60_000;

/** `onPlanned`: it waits among the actions for somebody to agree. */
export function Advice({ subject, onPlanned }: { subject: SubjectRow; onPlanned: () => void }) {
  const [requests, setRequests] = useState('');
  const known = /^[1-9]\d{0,8}$/.test(requests) ? `&requestsPerHour=${requests}` : '';
  const { document: found, problem } = useDocument<AdviceDocument>(
    `advice ${subject.id}?${known}`,
    () => `advice?subject=${encodeURIComponent(subject.id)}${known}`,
    everyMs,
  );
  const advice = found?.advice.find(({ subjectId }) => subjectId === subject.id);
  return (
    <section aria-labelledby="advice" class="panel advice">
      <div class="panel-head">
        <h2 id="advice" tabIndex={-1}>
          What to set
        </h2>
      </div>
      {advice === undefined ? (
        <p class="waiting">{found === null ? waitingWords(problem !== null) : 'Nothing can be worked out: none of its processes runs.'}</p>
      ) : (
        <>
          <p class="advice-measured">{withStop(inert(advice.measured))}</p>
          {advice.recommendations.length === 0 && <p>Nothing to change that stanch knows of.</p>}
          {advice.recommendations.map((each) => (
            <Advised key={each.id} advised={each} name={subject.name}>
              <PlanIt subjectId={subject.id} id={each.id} requestsPerHour={known === '' ? null : Number(requests)} onPlanned={onPlanned} />
            </Advised>
          ))}
          {advice.unknown.length > 0 && (
            <div class="advice-unknown">
              <h3>What could not be known</h3>
              <ul>
                {advice.unknown.map((text) => (
                  <li key={text}>{asSentence(inert(text))}</li>
                ))}
              </ul>
            </div>
          )}
          {(requests !== '' || advice.unknown.some((text) => text.startsWith('Requests an hour'))) && (
            <label class="advice-requests">
              <span>Requests an hour, if you know them: recycling is worked out from it</span>
              <input
                inputMode="numeric"
                value={requests}
                maxLength={9}
                onInput={(event) => setRequests(event.currentTarget.value.trim())}
              />
            </label>
          )}
        </>
      )}
    </section>
  );
}

function waitingWords(failed: boolean): string {
  return failed ? 'The advice could not be worked out. It is tried again in a minute.' : 'Working it out from what was measured …';
}

interface PlanItProps {
  subjectId: string;
  id: string;
  requestsPerHour: number | null;
  onPlanned: () => void;
}

/** Written, put into force and taken back by stanch: planned first, like every action. */
function PlanIt({ subjectId, id, requestsPerHour, onPlanned }: PlanItProps) {
  const [said, setSaid] = useState('');
  const plan = async () => {
    try {
      await tell<Proposal>('advice/plan', { subject: subjectId, id, requestsPerHour });
      setSaid('');
      onPlanned();
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <p class="buttons">
      <button type="button" onClick={() => void plan()}>
        Plan it
      </button>
      <span role="status">{said}</span>
    </p>
  );
}

/** `children`: the way to have stanch do it. */
function Advised({ advised, name, children }: { advised: Recommendation; name: string; children: ComponentChildren }) {
  const { id, title, settings, reason, arithmetic, buys, diff, line, place, apply, undo, risk } = advised;
  const word = shellWord(name);
  return (
    <article class="advised" aria-label={inert(title)}>
      <h3>{inert(title)}</h3>
      <ul class="to-set">
        {settings.map((setting) => (
          <li key={setting.name}>
            <code>{inert(setting.name)}</code> <span class="setting-now">{setting.now === null ? 'not set' : inert(setting.now)}</span>
            <span aria-hidden="true"> → </span>
            <span class="sr-only">to be</span> <strong>{inert(setting.advised)}</strong> <InForce {...setting} />
          </li>
        ))}
      </ul>
      <p>{asSentence(inert(reason))}</p>
      {buys !== null && <p class="buys">{asSentence(inert(buys))}</p>}
      {arithmetic.length > 0 && (
        <details>
          <summary>How that is worked out</summary>
          <ol class="arithmetic">
            {arithmetic.map((text) => (
              <li key={text}>{inert(text)}</li>
            ))}
          </ol>
        </details>
      )}
      <Lines label={`Lines for ${inert(place)}`} lines={diff.length > 0 ? diff : line.split('\n')} place={diff.length > 0 ? null : place} />
      {diff.length > 0 && apply.length > 0 && word !== null ? (
        <>
          {children}
          <Command text={`sudo stanch advise ${word} --apply ${id}`} />
          <details>
            <summary>By hand, and back</summary>
            <Commands commands={apply} />
            <p class="small">To take it back: stanch undo, or</p>
            <Commands commands={undo} />
          </details>
        </>
      ) : (
        <>
          <Commands commands={apply} />
          {undo.length > 0 && (
            <details>
              <summary>To take it back</summary>
              <Commands commands={undo} />
            </details>
          )}
        </>
      )}
      {risk !== null && (
        <p>
          <strong>Risk:</strong> {asSentence(inert(risk))}
        </p>
      )}
    </article>
  );
}

/** Where the kernel holds another limit than the files say. */
function InForce({ live, now }: Recommendation['settings'][number]) {
  if (live === null || live === now) return null;
  return <span class="small">in force now: {/^\d{7,15}$/.test(live) ? formatBytes(Number(live)) : inert(live)}</span>;
}

function Commands({ commands }: { commands: readonly string[] }) {
  return (
    <>
      {commands.map((text) =>
        isCommand(text) ? (
          <Command key={text} text={text} />
        ) : (
          <p key={text} class="by-hand">
            {asSentence(inert(text))}
          </p>
        ),
      )}
    </>
  );
}

/** The rest are instructions for a person; and nothing that a shell would read into a name is offered to be pasted. */
function isCommand(text: string): boolean {
  return /^(?:systemctl|apachectl|httpd|pm2|rm|supervisorctl) [\w@:./ =,-]+$/.test(text);
}

/** Lines of a file, or of the change of one. */
function Lines({ label, lines, place }: { label: string; lines: readonly string[]; place: string | null }) {
  return (
    <>
      {place !== null && <p class="small">In {inert(place)}:</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard */}
      <section class="lines scroll" aria-label={label} tabIndex={0}>
        <pre>
          {lines.map((line, index) => (
            <span class={place === null ? lineClass(line) : ''} key={`${index} ${line}`}>
              {inert(line)}
              {'\n'}
            </span>
          ))}
        </pre>
      </section>
    </>
  );
}

function lineClass(line: string): string {
  if (/^(?:---|\+\+\+|@@)/.test(line)) return 'line-head';
  if (line.startsWith('+')) return 'line-new';
  return line.startsWith('-') ? 'line-old' : '';
}
