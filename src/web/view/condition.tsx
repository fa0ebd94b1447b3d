/** What the server goes through: how far the cascade has come, why it answers slowly, and what was killed. Nothing while it is well. */

import { daemonNowMs } from '../talk/clock.ts';
import type { StatusDocument } from '../talk/documents.ts';
import { formatDuration, formatLatency } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { stages, stageWord } from '../words/stageWords.ts';
import { unbroken } from '../words/unbroken.ts';
import { Moment } from './moment.tsx';

type ConditionDocument = StatusDocument['condition'];
type Probe = ConditionDocument['probes'][number];

export function Condition({ condition }: { condition: ConditionDocument }) {
  const troubled = condition.probes.some(({ state }) => state === 'slow' || state === 'failing');
  if (condition.stage === 'healthy' && condition.sentence === null && !troubled) return null;
  return (
    <section aria-labelledby="condition" class="panel condition">
      <h2 id="condition">{condition.sentence === null ? 'What the server goes through' : inert(condition.sentence)}</h2>
      <Cascade condition={condition} />
      {condition.probes.length > 0 && <Probes probes={condition.probes} />}
    </section>
  );
}

function Cascade({ condition }: { condition: ConditionDocument }) {
  const at = stages.indexOf(condition.stage);
  const lasted = formatDuration(Math.max(0, daemonNowMs() - Date.parse(condition.since)));
  return (
    <>
      <ol class="cascade">
        {stages.map((stage, index) => (
          <li
            key={stage}
            class={index < at ? 'cascade-past' : index === at && at > 0 ? 'cascade-now' : ''}
            aria-current={index === at ? 'step' : undefined}
          >
            {stageWord(stage).name}
          </li>
        ))}
      </ol>
      <p class="cascade-words">
        {stageWord(condition.stage).text} <span class="small">For {lasted}.</span>
      </p>
      {condition.because.length > 0 && (
        <ul class="because">
          {condition.because.map(({ name, text }) => (
            <li key={name}>{inert(text)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Probes({ probes }: { probes: readonly Probe[] }) {
  return (
    <div class="scroll">
      <table class="probes">
        <caption class="sr-only">How long services take to answer, asked from inside</caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col" class="num">
              Answers in
            </th>
            <th scope="col" class="num from-tablet">
              Usually
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {probes.map((probe) => (
            <tr key={probe.url}>
              <th scope="row">
                {inert(probe.name)} <span class="small from-tablet">{inert(probe.url)}</span>
              </th>
              <td class="num">{probe.latencyMs === null ? inert(probe.failure ?? 'not asked yet') : formatLatency(probe.latencyMs)}</td>
              <td class="num from-tablet">
                {probe.range === null ? 'not known yet' : `${formatLatency(probe.range.lowMs)} to ${formatLatency(probe.range.highMs)}`}
              </td>
              <td class={probe.state === 'slow' || probe.state === 'failing' ? 'probe-bad' : ''}>{stateWords[probe.state]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const stateWords: Record<Probe['state'], string> = {
  learning: 'learning what is usual',
  healthy: 'as usual',
  slow: 'slow',
  failing: 'does not answer',
};

export function Kills({ kills }: { kills: StatusDocument['kills'] }) {
  if (kills.length === 0) return null;
  return (
    <section aria-labelledby="kills">
      <h2 id="kills">Killed for want of memory</h2>
      <ul class="findings killed">
        {kills.map((kill) => (
          <li key={kill.id}>
            {unbroken(inert(kill.sentence))} {kill.time !== null && <Moment at={kill.time} />}
          </li>
        ))}
      </ul>
      <p class="more">
        Who was killed, who had the memory and what prevents it: <code>stanch oom</code>
      </p>
    </section>
  );
}
