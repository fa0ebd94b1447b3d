/**
 * /etc/trueuserdomains and /etc/userdomains of cPanel: `domain: account` lines, the main domain of each account in the first, every domain
 * in the second. `*: nobody` stands for the rest.
 */
import { readText } from '../../kernel/read.ts';
import { isValue } from '../../model/reading.ts';

const maxBytes = 16 << 20;
const line = /^((?:[\w-]{1,63}\.){1,16}[\w-]{1,63}):[ \t]*([\w.-]{1,64})[ \t]*$/gm;

/** Account to domains, as they stand in the file; empty when it is not there or may not be read. */
export function readCpanelUserDomains(path: string): Map<string, string[]> {
  const text = readText(path, maxBytes);
  return isValue(text) ? parseCpanelUserDomains(text) : new Map();
}

export function parseCpanelUserDomains(text: string): Map<string, string[]> {
  const domains = new Map<string, string[]>();
  for (const [, domain, account] of text.matchAll(line)) {
    if (domain === undefined || account === undefined || account === 'nobody') continue;
    const known = domains.get(account);
    if (known === undefined) domains.set(account, [domain.toLowerCase()]);
    else known.push(domain.toLowerCase());
  }
  return domains;
}
