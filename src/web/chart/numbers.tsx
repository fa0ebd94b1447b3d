/** The numbers of a chart as a table of at most a dozen rows: what the canvas can't tell a screen reader. */
import { formatAmount, formatMoment } from '../words/format.ts';
import { type ChartModel, lastKnown } from './chartModel.ts';

const maxRows = 12;

export function ChartNumbers({ model, caption }: { model: ChartModel; caption: string }) {
  const columns = model.layers.filter((layer) => lastKnown(layer.told) >= 0);
  const step = Math.max(1, (model.timeMs.length - 1) / (maxRows - 1));
  const rows = [...new Set(Array.from({ length: Math.min(maxRows, model.timeMs.length) }, (_, row) => Math.round(row * step)))];
  return (
    <details class="numbers">
      <summary>Numbers behind this chart</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard */}
      <section class="scroll" aria-label={caption} tabIndex={0}>
        <table>
          <caption class="sr-only">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {columns.map((layer) => (
                <th scope="col" class="num" key={layer.label}>
                  <bdi>{layer.label}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row}>
                <th scope="row">{formatMoment(model.timeMs[row] ?? model.nowMs, model.nowMs)}</th>
                {columns.map((layer) => {
                  const value = layer.told[row];
                  return (
                    <td class="num" key={layer.label}>
                      {value === undefined || value === null ? '–' : formatAmount(value, model.unit)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
