import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peers } from './peers.ts';

const outputs: Record<string, string> = {
  apps: `
CHART apps.cpu '' 'Apps CPU Time (100% = 1 core)' 'percentage' cpu apps.cpu stacked 20001 1
BEGIN apps.cpu 0
SET other = 12
END
BEGIN users.uptime 0
END
BEGIN groups.uptime 0
END
BEGIN users.uptime 1043955
SET root = 5
END
`,
  top: `top - 09:45:42 up  6:38,  0 user,  load average: 10.50, 16.12, 10.93
Tasks: 143 total,   1 running, 142 sleeping,   0 stopped,   0 zombie
  22 root      20   0    8.7m   3.4m   3.0m R   6.2   0.0   0:00.01 top - not a head

top - 09:45:43 up  6:38,  0 user,  load average: 10.62, 16.05, 10.93
`,
};

for (const [index, output] of Object.values(outputs).entries())
  test(`passes of ${peers[index]?.name} are counted once each`, () => {
    assert.equal(output.split('\n').filter((line) => peers[index]?.startsPass(line)).length, 2);
  });
