import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { maskedArguments } from '../commandLine.ts';
import { parseSupervisorConfig } from './supervisorConfig.ts';
import { SupervisorPrograms } from './supervisorPrograms.ts';

const folder = mkdtempSync(join(tmpdir(), 'stanch-supervisor-'));
after(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'supervisord.conf');
mkdirSync(join(folder, 'conf.d'));
writeFileSync(
  config,
  `; a comment
[unix_http_server]
file=/run/supervisor.sock

[program:web]
command = /usr/bin/gunicorn --bind 127.0.0.1:8000 "shop app"  ; the site
user=deploy
[program:script]
command=/srv/run.sh --token s3cret

[include]
files = conf.d/*.conf none/*.conf
`,
);
writeFileSync(join(folder, 'conf.d/worker.conf'), '[program:worker]\ncommand=worker --number %(process_num)02d\nnumprocs=4\n');
writeFileSync(join(folder, 'conf.d/worker.conf.bak'), '[program:old]\ncommand=old\n');

test('a program is the section whose command it runs', () => {
  const commands: [readonly string[], string | null][] = [
    [['/usr/bin/gunicorn', '--bind', '127.0.0.1:8000', 'shop app'], 'web'],
    [['/usr/bin/python3', '/usr/bin/gunicorn', '--bind', '127.0.0.1:8000', 'shop app'], 'web'],
    [['/usr/bin/gunicorn', '--bind', '127.0.0.1:9000', 'shop app'], null],
    [maskedArguments(['/bin/sh', '/srv/run.sh', '--token', 's3cret']), 'script'],
    [['/usr/local/bin/worker', '--number', '03'], 'worker'],
    [['worker', '--number', '00'], 'worker'],
    [['old'], null],
    [[], null],
  ];
  const programs = new SupervisorPrograms();
  for (const [argv, expected] of commands) assert.equal(programs.of(config, argv), expected, argv.join(' '));
});

test('a configuration that is not there, or no file, has no programs', () => {
  const programs = new SupervisorPrograms();
  for (const path of [join(folder, 'none.conf'), folder, '/dev/zero', 'relative.conf']) assert.equal(programs.of(path, ['web']), null);
});

test('what was added is seen after some questions', () => {
  const own = join(folder, 'own.conf');
  writeFileSync(own, '');
  const programs = new SupervisorPrograms();
  assert.equal(programs.of(own, ['late']), null);
  writeFileSync(own, '[program:late]\ncommand=late\n');
  const answers = Array.from({ length: 100 }, () => programs.of(own, ['late']));
  assert.equal(answers.at(-1), 'late');
});

test('whatever a configuration holds, reading it ends', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('[program:x]', '[include]', 'command=', 'files=a*b', '[', 'command = %(a'),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const { programs } = parseSupervisorConfig(lines.join('\n'));
      for (const name of programs.keys()) assert.match(name, /^[\w.-]+$/);
    }),
  );
});
