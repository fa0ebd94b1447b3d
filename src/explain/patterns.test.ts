import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternOf } from './patterns.ts';

const list = (type: string, owner: string) => patternOf({ type, owner, pattern: 'list-only-grows' });

test('what holds functions, or is called so, is told as listeners; a class that is one handler and has a list is not', () => {
  assert.equal(list('function (anonymous)', 'App.hooks.onSend (Array)'), 'listener-never-removed');
  assert.equal(list('Tagged', 'Logger.handlers'), 'listener-never-removed');
  assert.equal(list('Listener {next, previous}', 'EventTarget.[kEvents].next'), 'listener-never-removed');
  assert.equal(list('Order {id}', 'RequestHandler.seen (Array)'), 'list-only-grows');
  assert.equal(list('ListenerStats {id}', 'statistics (Array)'), 'list-only-grows');
});

test('a shape that says more than a list stays', () => {
  assert.equal(patternOf({ type: 'function renew', owner: 'a timer', pattern: 'closure-held-by-timer' }), 'closure-held-by-timer');
});
