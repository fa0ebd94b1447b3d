/** What holds, where each comes from and what to edit: read here, changed in the file. Thresholds as pictures, who is told, and the way out. */
import type { SettingsDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { originWords, type Setting } from '../words/settingWords.ts';
import { YourAccess } from './account.tsx';
import { Channels } from './channels.tsx';
import { Command } from './command.tsx';
import { ThresholdPictures } from './thresholds.tsx';

const everyMs = 30_000;

/** Tables of the file in the order in which people look for them. */
const groups = [
  { table: '', title: 'Looking' },
  { table: 'policy', title: 'Acting' },
  { table: 'notify', title: 'Telling' },
  { table: 'probes', title: 'Asking services' },
  { table: 'explain', title: 'Looking inside' },
  { table: 'serve', title: 'This page and the API' },
  { table: 'store', title: 'History' },
  { table: 'budget', title: 'What stanch itself may cost' },
  { table: 'sample', title: 'How processes are read' },
] as const;

export function SettingsView() {
  const { document: found, problem } = useDocument<SettingsDocument>('settings', () => 'settings', everyMs);
  if (found === null) {
    if (problem?.kind !== 'refused') return <p class="alone waiting">Loading the settings …</p>;
    return (
      <div class="alone">
        <h1>The settings can't be told</h1>
        <p>{problem.error === null ? 'The daemon does not say why.' : inert(`${problem.error.found}. ${problem.error.next}`)}</p>
      </div>
    );
  }
  return (
    <>
      <header class="subject">
        <h1>Settings</h1>
        <FileWords found={found} />
      </header>
      <YourAccess />
      <section aria-labelledby="thresholds" class="panel">
        <div class="panel-head">
          <h2 id="thresholds">Thresholds</h2>
        </div>
        <ThresholdPictures settings={of(found, 'thresholds')} />
      </section>
      <Channels found={found} />
      <div class="settings-groups">
        {groups.map(({ table, title }) => (
          <Group key={table} title={title} settings={of(found, table)} />
        ))}
      </div>
    </>
  );
}

function of(found: SettingsDocument, table: string): Setting[] {
  return found.settings.filter(({ key }) => (key.includes('.') ? key.split('.')[0] : '') === table);
}

function FileWords({ found: { file, settings, apply } }: { found: SettingsDocument }) {
  const waiting = settings.filter(({ waits }) => waits).map(({ key }) => key);
  if (file === null) return <p class="subject-line">The program that started stanch decides them; there is no file.</p>;
  return (
    <>
      <p class="subject-line">
        They are read here and changed in the file <code>{inert(file.path)}</code>
        {file.isThere ? '.' : ', which is not there yet: the defaults hold.'} Then check it, and have it read again:
      </p>
      <div class="commands">
        {apply.map((command) => (
          <Command key={command} text={command} />
        ))}
      </div>
      {waiting.length > 0 && (
        <p class="waits">
          Changed in the file and in force after a restart: <code>{waiting.join(', ')}</code>
        </p>
      )}
    </>
  );
}

function Group({ title, settings }: { title: string; settings: readonly Setting[] }) {
  if (settings.length === 0) return null;
  const id = `settings-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <dl class="settings">
        {settings.map((setting) => (
          <SettingRow key={setting.key} setting={setting} />
        ))}
      </dl>
    </section>
  );
}

function SettingRow({ setting }: { setting: Setting }) {
  const { key, meaning, value, example } = setting;
  return (
    <div>
      <dt>
        {meaning}
        <code>{key}</code>
      </dt>
      <dd>
        <bdi class="setting-value">{inert(value)}</bdi>
        <span class={`setting-from setting-from-${setting.from}`}>{originWords(setting)}</span>
      </dd>
      <dd class="setting-change">
        <details>
          <summary aria-label={`Change it: ${key}`}>Change it</summary>
          <pre>{example}</pre>
        </details>
      </dd>
    </div>
  );
}
