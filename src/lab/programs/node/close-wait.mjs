/** Leaks sockets: the server that it asks hangs up after each answer, and it never closes its own end. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { counted, runProgram } from './program.mjs';

const server = createServer((socket) => socket.destroy());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const forgotten = [];

runProgram(() => {
  const due = counted();
  return (bytes) => {
    for (let left = due(bytes); left > 0; left -= 1) {
      forgotten.push(connect({ host: '127.0.0.1', port, allowHalfOpen: true }).resume());
    }
  };
});
