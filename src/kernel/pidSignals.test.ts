import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isValue } from '../model/reading.ts';
import { hears, parsePidSignals } from './pidSignals.ts';

/** Children of Apache 2.4 on Debian 12. */
const prefork = 'SigPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000001001000\nSigCgt:\t00000000080046e9\n';
const event = 'SigPnd:\t0000000000000000\nSigBlk:\tfffffffe3ffbaa07\nSigIgn:\t0000000001001000\nSigCgt:\t00000001080046eb\n';

test('who handles a signal hears it, who puts it off or leaves it to the kernel does not', () => {
  const child = parsePidSignals(prefork);
  const threaded = parsePidSignals(event);
  assert.ok(isValue(child) && isValue(threaded));
  assert.deepEqual([hears(child, 'SIGUSR1'), hears(threaded, 'SIGUSR1'), hears(child, 'SIGUSR2')], [true, false, false]);
});

test('whatever stands there, it is read or not, and nothing is thrown', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parsePidSignals(`SigBlk:\t${text}\nSigCgt:\t${text}`)));
  assert.ok(!isValue(parsePidSignals('SigBlk:\t\nSigCgt:\tzz\n')));
});
