import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { CpanelAccounts } from './cpanelAccounts.ts';
import { parseCpanelUserDomains } from './cpanelUserDomains.ts';
import { parseCpanelUserFile } from './cpanelUserFile.ts';

const fixture = fileURLToPath(new URL('fixtures/cpanel', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'stanch-cpanel-'));
after(() => rmSync(scratch, { recursive: true }));

test('an account with its domains, the main one first wherever it stands', () => {
  const accounts = new CpanelAccounts(fixture);
  assert.deepEqual(accounts.of('alice'), { name: 'alice', domains: ['example.com', 'my-shop.example.org', 'shop.example.com'] });
  assert.deepEqual(accounts.of('bob'), { name: 'bob', domains: ['example.net', 'blog.example.net'] });
});

test('where the file of an account cannot be read, the lists of domains', () => {
  assert.deepEqual(new CpanelAccounts(fixture).of('carol'), { name: 'carol', domains: ['example.edu', 'school.example.edu'] });
});

test('users of the system, names that are paths, and hosts without the layout have no account', () => {
  const accounts = new CpanelAccounts(fixture);
  for (const user of ['root', 'nobody', '../../etc/userdomains', '.', '']) assert.equal(accounts.of(user), null, user);
  assert.equal(new CpanelAccounts(scratch).of('alice'), null);
});

test('an account that changed, one that is new, and one that is gone are noticed', () => {
  const root = join(scratch, 'root');
  cpSync(fixture, root, { recursive: true });
  const accounts = new CpanelAccounts(root);
  assert.equal(accounts.of('alice')?.domains[0], 'example.com');
  assert.equal(accounts.of('dave'), null);
  const alice = join(root, 'var/cpanel/users/alice');
  writeFileSync(alice, 'DNS=renamed.example\n');
  utimesSync(alice, 1, 1);
  writeFileSync(join(root, 'var/cpanel/users/dave'), 'DNS=dave.example\n');
  assert.equal(accounts.of('alice')?.domains[0], 'renamed.example');
  assert.equal(accounts.of('dave')?.domains[0], 'dave.example');
  rmSync(join(root, 'var/cpanel/users/dave'));
  assert.equal(accounts.of('dave'), null);
  const list = join(root, 'etc/trueuserdomains');
  writeFileSync(list, 'eve.example: eve\n');
  utimesSync(list, 1, 1);
  assert.deepEqual(accounts.of('eve')?.domains, ['eve.example']);
});

test('whatever the files hold, only what has the form of a domain is taken', () => {
  const lines = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('DNS=', 'DNS1=a.example', 'b.example: u', '*: nobody')));
  fc.assert(
    fc.property(lines, (parts) => {
      const text = parts.join('\n');
      const found = [...parseCpanelUserFile(text), ...[...parseCpanelUserDomains(text).values()].flat()];
      for (const domain of found) assert.match(domain, /^[\w-]+(?:\.[\w-]+)+$/);
    }),
  );
});
