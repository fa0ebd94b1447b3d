/**
 * /var/cpanel/users/<account>: `KEY=value` lines. `DNS` is the main domain, `DNS1`, `DNS2`, … are the others: addon, parked and
 * subdomains. The name of the file is the account and the user of its processes.
 * https://docs.cpanel.net/knowledge-base/cpanel-product/the-cpanel-users-file/
 */
import { readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

/** A reseller's biggest customer has some thousand domains. */
const maxBytes = 1 << 20;
const maxDomains = 4096;
const domainLine = /^DNS(\d*)=((?:[\w-]{1,63}\.){1,16}[\w-]{1,63})\s*$/gm;

/** The main domain first; null when there is no such account, or its file may not be read. */
export function readCpanelUserFile(path: string): string[] | null {
  const text = readText(path, maxBytes);
  return isValue(text) ? parseCpanelUserFile(text) : null;
}

export function parseCpanelUserFile(text: string): string[] {
  const domains: string[] = [];
  for (const [, number, domain] of text.matchAll(domainLine)) {
    if (domain === undefined || domains.length >= maxDomains) break;
    if (number === '') domains.unshift(domain.toLowerCase());
    else domains.push(domain.toLowerCase());
  }
  return domains;
}
