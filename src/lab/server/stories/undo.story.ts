/** What stanch changes can be taken back, after a reboot and after stanch was killed in the middle as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onServer } from '../onServer.ts';

const look =
  'systemctl show -p MemoryHigh,MemoryMax vsftpd; cat /sys/fs/cgroup/system.slice/vsftpd.service/memory.max; find /etc/systemd/system /run/systemd/system -path "*vsftpd*"';
const score = 'cat /proc/$(systemctl show -p MainPID --value mariadb)/oom_score_adj';

test('a limit is in force at once, outlasts a reboot, and is taken back byte for byte', () =>
  onServer({ workers: 2, config: '' }, async (server) => {
    const before = await server.must(look);
    await server.must('stanch do limit vsftpd --max 100MiB --yes');
    assert.match(await server.must(look), /MemoryMax=104857600[\s\S]*^104857600$/m);
    await server.reboot();
    await server.until('systemctl is-active vsftpd', 120_000);
    assert.match(await server.must(look), /MemoryMax=104857600[\s\S]*^104857600$/m);
    await server.must('stanch undo');
    assert.equal(await server.must(look), before);
  }));

test('what is protected has its score at once, and what was before comes back', () =>
  onServer({ workers: 2, config: '' }, async (server) => {
    const before = await server.must(score);
    await server.must('stanch do protect mariadb --yes');
    assert.equal(await server.must(score), '-600');
    await server.must('stanch undo');
    assert.equal(await server.must(score), before);
  }));

test('stanch is killed in the middle of a recycling: the next start says so, and what is there is whole', () =>
  onServer({ workers: 4, config: '' }, async (server) => {
    await server.must(
      '(stanch do recycle php-fpm --yes > /tmp/do.log 2>&1 &) ; until grep -q "begin-step" /var/lib/stanch/actions.jsonl 2>/dev/null; do sleep 0.1; done; pkill -9 -f stanch.cjs',
    );
    await server.must('stanch undo; true');
    const { actions } = JSON.parse(await server.must('stanch actions --json'));
    assert.equal(actions.length, 1);
    assert.match(actions[0].state, /^(?:interrupted|done)$/);
    assert.equal(await server.must('systemctl is-active php8.2-fpm'), 'active');
  }));
