/** Light or dark: what the system says, unless somebody chose; the choice is remembered on this machine. */
import { computed, effect, signal } from '@preact/signals';

export type SchemeChoice = 'auto' | 'light' | 'dark';

const choiceKey = 'stanch.scheme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(systemDark.matches);

function readChoice(): SchemeChoice {
  const kept = localStorage.getItem(choiceKey);
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}

export const schemeChoice = signal<SchemeChoice>(readChoice());
export const scheme = computed<'light' | 'dark'>(() => {
  if (schemeChoice.value !== 'auto') return schemeChoice.value;
  return systemIsDark.value ? 'dark' : 'light';
});

export function chooseScheme(choice: SchemeChoice): void {
  schemeChoice.value = choice;
  if (choice === 'auto') localStorage.removeItem(choiceKey);
  else localStorage.setItem(choiceKey, choice);
}

export function applyScheme(): void {
  systemDark.addEventListener('change', () => {
    systemIsDark.value = systemDark.matches;
  });
  effect(() => {
    document.documentElement.dataset.scheme = scheme.value;
  });
}
