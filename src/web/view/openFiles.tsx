/** What a workload holds open: what stands out first, then the largest groups. */
import type { OpenFiles } from '../talk/documents.ts';
import { formatBytes, formatCount } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { fdKindWord } from '../words/verdictWords.ts';
import { Moment } from './moment.tsx';
import { Name } from './name.tsx';
import { asSentence } from './reasons.tsx';

const maxRows = 12;

export function OpenFilesPanel({ openFiles }: { openFiles: OpenFiles }) {
  const { summary, kinds, open, looked, time } = openFiles;
  return (
    <section aria-labelledby="open-files" class="panel">
      <div class="panel-head">
        <h2 id="open-files">What it holds open</h2>
      </div>
      {summary.length > 0 && (
        <ul>
          {summary.map((sentence) => (
            <li key={sentence}>{asSentence(inert(sentence))}</li>
          ))}
        </ul>
      )}
      <p class="small">
        {kinds.map(({ kind, count }) => `${formatCount(count)} ${fdKindWord(kind)}`).join(', ')}
        {looked < open && `, of ${formatCount(looked)} that were looked at; ${formatCount(open)} are open`}. Looked at <Moment at={time} />:
        only what grows is.
      </p>
      <table>
        <caption class="sr-only">The largest groups of open files, largest first</caption>
        <thead>
          <tr>
            <th scope="col" class="num">
              Number
            </th>
            <th scope="col">What</th>
            <th scope="col" class="num from-tablet">
              Not read
            </th>
            <th scope="col" class="num from-tablet">
              Not sent
            </th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(openFiles).map((row) => (
            <tr key={row.text}>
              <td class="num">{formatCount(row.count)}</td>
              <th scope="row" class="command">
                <Name text={row.text} />
              </th>
              <td class="num from-tablet">{row.unread}</td>
              <td class="num from-tablet">{row.unsent}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function rowsOf({ sockets, targets }: OpenFiles) {
  const queue = (bytes: number) => (bytes === 0 ? '–' : formatBytes(bytes));
  return [
    ...targets.map(({ count, text }) => ({ count, text, unread: '–', unsent: '–' })),
    ...sockets.map(({ count, text, state, receiveQueue, sendQueue }) => ({
      count,
      text,
      unread: state === 'LISTEN' ? '–' : queue(receiveQueue),
      unsent: queue(sendQueue),
    })),
  ]
    .sort((a, b) => b.count - a.count)
    .slice(0, maxRows);
}
