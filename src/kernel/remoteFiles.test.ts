import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMountinfo } from './mountinfo.ts';
import { isRemote } from './remoteFiles.ts';

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
