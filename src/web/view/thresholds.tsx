/** The thresholds, each with how near it is now. */
import type { SubjectsDocument } from '../talk/documents.ts';
import { status, useDocument } from '../talk/live.ts';
import { formatBytes, formatShare } from '../words/format.ts';
import { inert } from '../words/inert.ts';
import { originWords, type Setting } from '../words/settingWords.ts';
import { unbroken } from '../words/unbroken.ts';

const everyMs = 15_000;

export function ThresholdPictures({ settings }: { settings: readonly Setting[] }) {
  const largest = useDocument<SubjectsDocument>('largest', () => 'subjects?kind=workload&sort=private&limit=1', everyMs).document
    ?.subjects[0];
  const host = status.value?.host ?? null;
  const now: Record<string, { share: number | null; text: string }> = {
    'thresholds.memory': shareOf(host?.memTotalBytes, host?.memAvailableBytes, 'RAM'),
    'thresholds.swap':
      host?.swapTotalBytes === 0 ? { share: null, text: 'There is no swap.' } : shareOf(host?.swapTotalBytes, host?.swapFreeBytes, 'swap'),
    'thresholds.workload': {
      share: null,
      text: largest?.privateBytes == null ? '' : `The largest now: ${inert(largest.name)}, ${formatBytes(largest.privateBytes)}.`,
    },
  };
  return (
    <ul class="thresholds">
      {settings.map((setting) => {
        const { share, text } = now[setting.key] ?? { share: null, text: '' };
        const at = Number(/^([\d.]+) %$/.exec(setting.value)?.[1] ?? Number.NaN) / 100;
        return (
          <li key={setting.key}>
            <p>
              {setting.meaning}: <b>{unbroken(inert(setting.value))}</b> <span class="setting-from">{originWords(setting)}</span>
            </p>
            {share !== null && <Gauge share={share} at={Number.isNaN(at) ? null : at} />}
            {text !== '' && <p class="small">{unbroken(text)}</p>}
            <details>
              <summary aria-label={`Change it: ${setting.key}`}>Change it</summary>
              <pre>{setting.example}</pre>
            </details>
          </li>
        );
      })}
    </ul>
  );
}

function shareOf(total: number | null | undefined, left: number | null | undefined, what: string): { share: number | null; text: string } {
  if (total == null || left == null || total <= 0) return { share: null, text: 'How much is taken now is not known.' };
  const share = 1 - left / total;
  return { share, text: `Now ${formatShare(share)} of ${formatBytes(total)} ${what} is taken.` };
}

/** `at`: where it is told; null: never. */
function Gauge({ share, at }: { share: number; at: number | null }) {
  return (
    <svg class="gauge" viewBox="0 0 400 16" preserveAspectRatio="none" aria-hidden="true">
      <rect class="gauge-ground" width={400} height={16} />
      <rect class={at !== null && share >= at ? 'gauge-over' : 'gauge-share'} width={400 * Math.min(1, share)} height={16} />
      {at !== null && <path class="gauge-at" d={`M${400 * at} 0V16`} />}
    </svg>
  );
}
