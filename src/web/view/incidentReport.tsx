/** The report on an incident: what to do next, and the whole as a file to hand to whoever fixes it. */
import { useState } from 'preact/hooks';
import type { ReportDocument } from '../talk/documents.ts';
import { useDocument } from '../talk/live.ts';
import { saveFile } from '../talk/save.ts';
import { inert } from '../words/inert.ts';
import { Command } from './command.tsx';
import { problemWords } from './problemWords.ts';

const everyMs = 30_000;
const files = [
  { ending: 'html', path: 'report.html', label: 'HTML, with pictures', says: 'One file that opens anywhere. For the developer.' },
  { ending: 'md', path: 'report.md', label: 'Markdown', says: 'For a ticket or a chat.' },
  { ending: 'json', path: 'report', label: 'JSON', says: 'For a program.' },
] as const;

export function IncidentReport({ id }: { id: string }) {
  const base = `incidents/${encodeURIComponent(id)}`;
  const { document: report } = useDocument<ReportDocument>(`report ${id}`, () => `${base}/report`, everyMs);
  const [said, setSaid] = useState('');
  const save = async (path: string, ending: string) => {
    try {
      await saveFile(`${base}/${path}`, `stanch-${id}.${ending}`);
      setSaid('');
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <section aria-labelledby="report" class="panel">
      <div class="panel-head">
        <h2 id="report">What to do next, and what to hand over</h2>
      </div>
      {report !== null && (
        <ol class="next-steps">
          {report.next.map(({ text, command }) => (
            <li key={text}>
              <p>{inert(text)}</p>
              {command !== null && <Command text={inert(command)} />}
            </li>
          ))}
        </ol>
      )}
      <h3>The report</h3>
      <p class="small">What happened, the evidence, what was done, what to fix and where. It needs no more words.</p>
      <ul class="report-files">
        {files.map(({ ending, path, label, says }) => (
          <li key={ending}>
            <button type="button" onClick={() => void save(path, ending)}>
              Save as {label}
            </button>
            <span class="small">{says}</span>
          </li>
        ))}
      </ul>
      <p role="status">{said}</p>
      <details>
        <summary>The same from a terminal</summary>
        <Command text={`stanch report ${inert(id)}`} />
      </details>
    </section>
  );
}
