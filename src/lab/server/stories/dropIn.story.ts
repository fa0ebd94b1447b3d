/** A limit that stays is applied, survives a reboot, and is taken back byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverFor, unitState } from './serverForStories.ts';

test('a drop-in is applied, the server reboots, it is undone: files and live values are as before', async (t) => {
  const vm = await serverFor(t);
  const before = await unitState(vm, 'vsftpd.service');
  await vm.run('stanch do limit vsftpd --max 200MiB --yes');
  const applied = await unitState(vm, 'vsftpd.service');
  assert.match(applied, /^MemoryMax=209715200$/m);
  assert.match(applied, /^209715200$/m, 'it is in force, not only written');
  await vm.reboot();
  const afterReboot = await unitState(vm, 'vsftpd.service');
  assert.match(afterReboot, /^MemoryMax=209715200$/m, 'it survives the reboot');
  await vm.run('stanch undo');
  assert.equal(await unitState(vm, 'vsftpd.service'), before);
});
