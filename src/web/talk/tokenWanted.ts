/** Acting needs the token where reading did not: whoever acts is asked for it once, and what was wanted goes on. */
import { signal } from '@preact/signals';

/** Set while somebody is asked; called with whether a right token was given. */
export const tokenWanted = signal<((given: boolean) => void) | null>(null);

let asked: Promise<boolean> | null = null;

/** Whether a right token was given. */
export function askForToken(): Promise<boolean> {
  asked ??= new Promise((resolve) => {
    tokenWanted.value = (given) => {
      tokenWanted.value = null;
      asked = null;
      resolve(given);
    };
  });
  return asked;
}
