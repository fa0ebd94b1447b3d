/** npm run test:server: stories of a leaking server on a real one, each from a clean state. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readyImage, whyNoTestServer } from './image.ts';

const why = whyNoTestServer();
if (why !== null) {
  process.stdout.write(`The stories on the test server were not run: ${why}\n`);
  process.exit(0);
}
const { folder } = await readyImage((text) => process.stderr.write(`${text}\n`));
const stories = join(import.meta.dirname, 'stories');
const wanted = process.argv.slice(2);
const files = readdirSync(stories)
  .filter((name) => name.endsWith('.story.ts') && (wanted.length === 0 || wanted.some((word) => name.includes(word))))
  .map((name) => join(stories, name));
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=900000', ...files], {
  stdio: 'inherit',
  env: { ...process.env, STANCH_SERVER_IMAGE: folder },
});
process.exit(status ?? 1);
