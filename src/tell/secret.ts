import { readFileSync, statSync } from 'node:fs';
import type { Secret } from '../model/settings.ts';

const maxBytes = 16_384;

/** Read when it is needed, so that a new one counts at once. Throws an error that says where it was looked for, and never what it is. */
export function readSecret(secret: Secret): string {
  if ('value' in secret) return secret.value;
  if ('env' in secret) {
    const text = process.env[secret.env] ?? '';
    if (text === '') throw new Error(`the environment has no ${secret.env}`);
    return text;
  }
  if (!statSync(secret.file).isFile() || statSync(secret.file).size > maxBytes)
    throw new Error(`${secret.file} is no file that holds a secret`);
  const text = readFileSync(secret.file, 'utf8').trim();
  if (text === '') throw new Error(`${secret.file} is empty`);
  return text;
}

/** How one that stands in the open is shown. */
export const maskedSecret = '***';
