import { chooseScheme, type SchemeChoice, schemeChoice } from '../theme.ts';

const after: Record<SchemeChoice, SchemeChoice> = { auto: 'light', light: 'dark', dark: 'auto' };
const words: Record<SchemeChoice, string> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

export function SchemeSwitch() {
  const choice = schemeChoice.value;
  return (
    <button
      type="button"
      class="scheme"
      onClick={() => chooseScheme(after[choice])}
      aria-label={`Colours: ${words[choice]}. Change to ${words[after[choice]]}`}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" />
      </svg>
      {words[choice]}
    </button>
  );
}
