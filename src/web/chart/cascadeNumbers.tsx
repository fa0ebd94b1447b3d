/** The numbers behind the pictures of the cascade, at a dozen moments: what pictures can't tell a screen reader. */
import { formatMoment } from '../words/format.ts';
import { stageWord } from '../words/stageWords.ts';
import type { Cascade } from './cascade.ts';

const maxRows = 12;

export function CascadeNumbers({ cascade, nowMs }: { cascade: Cascade; nowMs: number }) {
  const { timeMs, panels, stages } = cascade;
  const step = Math.max(1, (timeMs.length - 1) / (maxRows - 1));
  const rows = [...new Set(Array.from({ length: Math.min(maxRows, timeMs.length) }, (_, row) => Math.round(row * step)))];
  const columns = panels.flatMap(({ title, lines, format }) => lines.map(({ label, values }) => ({ title, label, values, format })));
  return (
    <details class="numbers">
      <summary>Numbers behind these pictures</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard */}
      <section class="scroll" aria-label="The server over time, in numbers" tabIndex={0}>
        <table>
          <caption class="sr-only">The server over time</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Stage</th>
              {columns.map(({ title, label }) => (
                <th scope="col" class="num" key={title + label}>
                  {title}, <bdi>{label}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const moment = timeMs[row] ?? nowMs;
              const stage = stages.find(({ fromMs, toMs }) => moment >= fromMs && moment < toMs)?.stage;
              return (
                <tr key={row}>
                  <th scope="row">{formatMoment(moment, nowMs)}</th>
                  <td>{stage === undefined ? '–' : stageWord(stage).name}</td>
                  {columns.map(({ title, label, values, format }) => {
                    const value = values[row];
                    return (
                      <td class="num" key={title + label}>
                        {value === undefined || value === null ? '–' : format(value)}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </details>
  );
}
