/** Who is told: each channel without its secret, with a button that sends a test message. */
import { useState } from 'preact/hooks';
import { tell } from '../talk/api.ts';
import type { SettingsDocument } from '../talk/documents.ts';
import { inert } from '../words/inert.ts';
import { Command } from './command.tsx';
import { problemWords } from './problemWords.ts';

type Channel = SettingsDocument['channels'][number];

const kindWords: Readonly<Record<string, string>> = {
  email: 'E-mail',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  pagerduty: 'PagerDuty',
  alertmanager: 'Alertmanager',
  syslog: 'Syslog',
  journald: 'Journal',
  hook: 'A program of yours',
};

const fromWords: Record<Channel['leastSeverity'], string> = {
  info: 'All of it',
  warning: 'Warnings and what is critical',
  critical: 'Only what is critical',
};

export function Channels({ found }: { found: SettingsDocument }) {
  const { channels, channelExample, file } = found;
  return (
    <section aria-labelledby="channels" class="panel">
      <div class="panel-head">
        <h2 id="channels">Who is told</h2>
      </div>
      {channels.length === 0 && (
        <p>Nobody: an incident is only seen here. To be told, put this into {file === null ? 'the configuration' : 'the file'}:</p>
      )}
      <ul class="channels">
        {channels.map((channel) => (
          <ChannelRow key={channel.name} channel={channel} />
        ))}
      </ul>
      {channels.length === 0 ? (
        <pre>{channelExample}</pre>
      ) : (
        <details>
          <summary>How to add one</summary>
          <pre>{channelExample}</pre>
        </details>
      )}
      <details>
        <summary>Test them from a terminal</summary>
        <Command text="stanch notify test" />
      </details>
    </section>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const { name, kind, to, leastSeverity, step, hours } = channel;
  const [said, setSaid] = useState('');
  const test = async () => {
    setSaid('On its way …');
    try {
      const answer = await tell<{ channels: { channel: string; error: string | null }[] }>('notify/test', { channel: name, by: 'page' });
      const error = answer.channels[0]?.error ?? null;
      setSaid(error === null ? 'It was taken. See whether it arrives.' : `It was not taken: ${inert(error)}`);
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <li>
      <div>
        <h3>
          <bdi>{inert(name)}</bdi> <span class="small">{kindWords[kind] ?? kind}</span>
        </h3>
        <p>{inert(to)}</p>
        <p class="small">
          {fromWords[leastSeverity]}
          {step === 0 ? '' : `, as step ${step} when nobody takes care`}
          {hours === null ? '' : `, ${inert(hours)}`}
        </p>
      </div>
      <div class="channel-test">
        <button type="button" onClick={() => void test()} aria-label={`Send a test through ${inert(name)}`}>
          Send a test
        </button>
        <p role="status" class="small">
          {said}
        </p>
      </div>
    </li>
  );
}
