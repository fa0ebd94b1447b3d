// usage: holder.mjs files|connections COUNT. Holds so many open files, or connections with both ends here, until its stdin closes.
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [kind, countText] = process.argv.slice(2);
const count = Number(countText);
if (kind === 'files') {
  for (let index = 0; index < count; index += 1) openSync('/dev/null', 'r');
} else {
  const held = [];
  const server = createServer((socket) => held.push(socket)).listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  const { port } = server.address();
  for (let index = 0; index < count / 2; index += 1) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    held.push(socket);
  }
}
process.stdin.on('end', () => process.exit());
process.stdin.resume();
process.stdout.write('holding\n');
