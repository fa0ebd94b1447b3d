/** Whose it is, on a host with customers. */
import type { SubjectRow } from '../talk/documents.ts';
import { inert } from './inert.ts';

/** `account alice, example.com`; null where there are no accounts. */
export function hostingWords({ account, domain }: Pick<SubjectRow, 'account' | 'domain'>): string | null {
  if (account === null) return null;
  return inert(`account ${account}${domain === null ? '' : `, ${domain}`}`);
}
