/** A server is booted once, warmed and frozen with its memory: what every test starts from. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { hasSnapshot, makeImage } from './image.ts';
import { migrated, VM } from './vm.ts';

/** The table that db.php reads; and once through all that a test uses, so that none has to read it from the disk. */
const warm = `set -e
mysql -e "create database app; create user app@localhost identified by 'app'; grant all on app.* to app@localhost; use app;
  create table d (id int auto_increment primary key, t text); insert into d(t) select repeat(md5(seq), 250) from seq_1_to_4000;"
for page in / /static.html /db.php '/leak.php?kb=1'; do curl -sSf "http://127.0.0.1$page" >/dev/null; done
systemctl restart php8.2-fpm
for page in / /db.php; do curl -sSf "http://127.0.0.1$page" >/dev/null; done
node -e 0; systemctl list-units >/dev/null; timeout 5 bash -c 'read -r banner </dev/tcp/127.0.0.1/22' || true
journalctl --sync; sync; sleep 2; sync`;

/** The folder of images to start from, made where it is not there. */
export async function frozenServer(): Promise<string> {
  const images = await makeImage();
  if (hasSnapshot(images)) return images;
  process.stderr.write('stanch: first boot of the test server …\n');
  const vm = await VM.boot(images);
  try {
    await vm.run(warm, { timeoutMs: 300_000 });
    await vm.monitor(async (monitor) => {
      await monitor.send('stop', {}, v.unknown());
      await monitor.send('migrate-set-parameters', { 'max-bandwidth': 2 ** 30 }, v.unknown());
      await monitor.send('migrate', { uri: `exec:lz4 -q -1 >'${join(images, 'memory.unfinished')}'` }, v.unknown());
      await migrated(monitor);
      await monitor.send('quit', {}, v.unknown());
    });
    await vm.ended();
    await vm.keepDisks(images);
    renameSync(join(images, 'memory.unfinished'), join(images, 'memory.lz4'));
    return images;
  } finally {
    await vm.stop();
  }
}
