/** The network of the machine itself: small packets of UDP to an own socket on loopback, of which none is ever lost where all is well. */
import { createSocket } from 'node:dgram';
import type { LoopbackState } from '../../model/probe.ts';

const packets = 20;
const waitMs = 1000;

/** Null where this machine has no loopback, or has no room for a socket. Never rejects. */
export function askLoopback(signal: AbortSignal): Promise<LoopbackState | null> {
  const atMs = Date.now();
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const sentMs: number[] = [];
    const tripsMs = new Map<number, number>();
    let timer: NodeJS.Timeout | undefined;
    let lastLook: NodeJS.Immediate | undefined;
    const finish = (state: LoopbackState | null) => {
      clearTimeout(timer);
      clearImmediate(lastLook);
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      socket.close();
      resolve(state);
    };
    const onAbort = () => finish(null);
    signal.addEventListener('abort', onAbort);
    socket.on('error', () => finish(null));
    socket.on('message', (bytes) => {
      const index = bytes.length === 1 ? (bytes[0] ?? packets) : packets;
      const startedMs = sentMs[index];
      if (startedMs !== undefined) tripsMs.set(index, performance.now() - startedMs);
      if (tripsMs.size === packets) finish(stateOf(atMs, tripsMs));
    });
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      for (let index = 0; index < packets; index += 1) {
        sentMs.push(performance.now());
        socket.send(Uint8Array.of(index), port, '127.0.0.1');
      }
      // What came while stanch was busy with something else is taken first: it is not lost.
      timer = setTimeout(() => {
        lastLook = setImmediate(() => finish(stateOf(atMs, tripsMs)));
      }, waitMs);
    });
  });
}

function stateOf(atMs: number, tripsMs: ReadonlyMap<number, number>): LoopbackState {
  const sorted = [...tripsMs.values()].sort((a, b) => a - b);
  return { atMs, sent: packets, lost: packets - sorted.length, roundTripMs: sorted[Math.floor(sorted.length / 2)] ?? null };
}
