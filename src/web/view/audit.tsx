/** How well this server is set up against running out of memory: the score, what to mend and how, and what is fine folded away. */
import type { HardeningDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { Command } from './command.tsx';
import { Moment } from './moment.tsx';

/** Looking costs some reads of /etc and /proc; nothing of it changes by the second. */
const everyMs = 300_000;

type Check = HardeningDocument['checks'][number];

export function AuditView() {
  const { document: audit, problem } = useDocument<HardeningDocument>('audit', () => 'audit', everyMs);
  if (audit === null) {
    if (problem?.kind !== 'refused') return <p class="alone waiting">Looking how this server is set up …</p>;
    return (
      <div class="alone">
        <h1>How this server is set up can't be told</h1>
        <p>{problem.error === null ? 'The daemon does not say why.' : inert(`${problem.error.found}. ${problem.error.next}`)}</p>
      </div>
    );
  }
  const of = (state: Check['state']) => audit.checks.filter((check) => check.state === state);
  const [bad, warnings, good, unknown] = [of('bad'), of('warning'), of('good'), of('unknown')];
  return (
    <>
      <header class="audit-head">
        <Dial score={audit.score} />
        <div>
          <h1>{headline(bad.length, warnings.length)}</h1>
          <p class="subject-line">
            How well this server stands it when memory runs out. {good.length} of {audit.checks.length} checks are fine
            {unknown.length > 0 ? `, ${unknown.length} could not be made and ${unknown.length === 1 ? 'does' : 'do'} not count` : ''}.
            Looked at <Moment at={audit.time} />.
          </p>
          <p class="small">Nothing is changed from here: read the risk, then run the command on the server.</p>
        </div>
      </header>
      {bad.length > 0 && <Findings id="audit-bad" title="Mend this first" checks={bad} />}
      {warnings.length > 0 && <Findings id="audit-warning" title="Better done otherwise" checks={warnings} />}
      {good.length > 0 && <Folded title={`Fine as it is: ${good.length}`} checks={good} />}
      {unknown.length > 0 && <Folded title={`Not to be seen: ${unknown.length}`} checks={unknown} />}
      {audit.notices.length > 0 && (
        <ul class="notices audit-notices">
          {audit.notices.map((text) => (
            <li key={text} class="small">
              {inert(text)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function headline(bad: number, warnings: number): string {
  if (bad === 0 && warnings === 0) return 'This server is set up well';
  if (bad === 0) return `${warnings} ${warnings === 1 ? 'thing' : 'things'} could be better`;
  return `${bad} ${bad === 1 ? 'thing' : 'things'} to mend${warnings === 0 ? '' : `, ${warnings} that could be better`}`;
}

const radius = 44;
const around = 2 * Math.PI * radius;

/** Told by the number in it; the ring is for the eye. */
function Dial({ score }: { score: number }) {
  const level = score >= 85 ? 'good' : score >= 60 ? 'fair' : 'poor';
  return (
    <svg class={`dial dial-${level}`} viewBox="0 0 104 104" role="img" aria-label={`Score: ${score} of 100`}>
      <circle class="dial-ground" cx="52" cy="52" r={radius} />
      <circle
        class="dial-share"
        cx="52"
        cy="52"
        r={radius}
        stroke-dasharray={`${(score / 100) * around} ${around}`}
        transform="rotate(-90 52 52)"
      />
      <text x="52" y="59" text-anchor="middle" class="dial-score">
        {score}
      </text>
      <text x="52" y="76" text-anchor="middle" class="dial-of">
        of 100
      </text>
    </svg>
  );
}

function Findings({ id, title, checks }: { id: string; title: string; checks: readonly Check[] }) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul class="audit-findings">
        {checks.map((check) => (
          <li key={check.id} class={`audit-${check.state}`}>
            <h3>{check.title}</h3>
            <p>{inert(check.found)}</p>
            {check.fixes.map((fix) => (
              <div class="audit-fix" key={fix.command}>
                <p class="audit-fix-text">{inert(fix.text)}</p>
                <Command text={inert(fix.command)} />
                <p class="audit-risk">
                  <b>Risk:</b> {inert(fix.risk)}
                </p>
              </div>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Folded({ title, checks }: { title: string; checks: readonly Check[] }) {
  return (
    <details class="panel audit-folded">
      <summary>{title}</summary>
      <dl>
        {checks.map((check) => (
          <div key={check.id}>
            <dt>{check.title}</dt>
            <dd>{inert(check.found)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
