import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMountinfo } from './mountinfo.ts';
import { isRemote, pathOnThisMachine } from './remoteFiles.ts';

const mounts = parseMountinfo(`22 1 8:1 / / rw - 9p root rw
23 22 0:21 / /proc rw - proc proc rw
24 22 0:45 / /home rw - nfs4 nas:/home rw,hard
25 24 8:2 / /home/local rw - ext4 /dev/sdb1 rw
26 22 8:3 / /srv rw - ext4 /dev/sdc1 rw
27 22 0:50 / /srv rw - fuse.sshfs backup: rw,allow_other
28 22 0:51 / /media/usb rw - fuseblk /dev/sdd1 rw
`);

test('a file of another machine or of a program is not asked for; one of a disk is, whatever is mounted below and above', () => {
  for (const path of ['/home', '/home/deploy/.pm2/pids', '/srv/app/package.json']) assert.ok(isRemote(path, mounts), path);
  for (const path of ['/home/local/app.js', '/homely/app.js', '/etc/passwd', '/media/usb/x', '/']) assert.ok(!isRemote(path, mounts), path);
});

test('where a path leads is found link by link, and not beyond a mount of another machine', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'stanch-remote-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'srv/release'), { recursive: true });
  mkdirSync(join(root, 'nas'));
  for (const file of ['srv/release/app.js', 'nas/app.js']) writeFileSync(join(root, file), '');
  symlinkSync('/srv/release', join(root, 'srv/current'));
  symlinkSync('../nas', join(root, 'srv/shared'));
  symlinkSync('round', join(root, 'srv/round'));
  const nas = parseMountinfo('24 22 0:45 / /nas rw - nfs4 nas:/ rw\n');
  assert.equal(pathOnThisMachine('/srv/current/app.js', nas, root), '/srv/release/app.js');
  assert.equal(pathOnThisMachine('/srv/x/../current//app.js', nas, root), '/srv/release/app.js');
  for (const path of ['/nas/app.js', '/srv/../nas/app.js', '/srv//shared/app.js', '/srv/round/app.js', '/srv/none'])
    assert.equal(pathOnThisMachine(path, nas, root), null, path);
});
