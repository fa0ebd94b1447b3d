import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../../model/errors.ts';
import { type DbusValue, decodeMessage, encodeCall, splitSignature } from './dbusWire.ts';

const call = (signature: string, body: DbusValue[]) =>
  encodeCall({ destination: null, path: '/org/a', interface: 'org.a.B', member: 'Do', signature, body }, 7);

test('what is sent is read back, and 64-bit numbers are exact', () => {
  const body: DbusValue[] = [
    'nginx.service',
    true,
    [['MemoryHigh', { signature: 't', value: 2n ** 53n + 1n }]],
    ['a', 'bc'],
    4_294_967_295,
  ];
  const bytes = call('sba(sv)asu', body);
  const decoded = decodeMessage(bytes);
  assert.equal(decoded?.length, bytes.length);
  assert.equal(decoded?.message.member, 'Do');
  assert.deepEqual(decoded?.message.body, ['nginx.service', true, [['MemoryHigh', 2n ** 53n + 1n]], ['a', 'bc'], 4_294_967_295]);
});

test('half a message is waited for, and what follows it is left alone', () => {
  const bytes = call('s', ['x']);
  for (let length = 0; length < bytes.length; length += 1) assert.equal(decodeMessage(bytes.subarray(0, length)), null);
  assert.equal(decodeMessage(Buffer.concat([bytes, bytes]))?.length, bytes.length);
});

test('damaged and hostile bytes end in a coded error or in a message, at once', () => {
  const bytes = call('sba(sv)as', ['unit', true, [['P', { signature: 'as', value: ['1', '2'] }]], ['z']]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 12 }), (changes) => {
      const damaged = Buffer.from(bytes);
      for (const [at, value] of changes) damaged[at] = value;
      try {
        decodeMessage(damaged);
      } catch (error) {
        assert.ok(error instanceof StanchError && error.code === 'STANCH_E_SYSTEMD', String(error));
      }
    }),
    { numRuns: 3000 },
  );
  const nested = call('v', [{ signature: 'v', value: { signature: 'v', value: { signature: 's', value: 'deep' } } }]);
  assert.deepEqual(decodeMessage(nested)?.message.body, ['deep']);
});

test('a signature is split into whole types', () => {
  assert.deepEqual(splitSignature('ssa(sv)a(sa(sv))u'), ['s', 's', 'a(sv)', 'a(sa(sv))', 'u']);
  for (const bad of ['a', '(', 'a(s', ')', 's)']) assert.throws(() => splitSignature(bad), /STANCH_E_SYSTEMD/);
});
