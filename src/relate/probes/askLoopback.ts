/** The network of the machine itself: small packets of UDP to an own socket on loopback, of which none is ever lost where all is well. */
import { createSocket } from 'node:dgram';
import type { LoopbackState } from '../../model/probe.ts';

const packets = 20;
/** One by one: in a burst each would wait until all are sent and taken, which a slow machine takes long for. */
const spacingMs = 5;
const waitMs = 1000;

/** Null where this machine has no loopback, or has no room for a socket. Never rejects. */
export function askLoopback(signal: AbortSignal): Promise<LoopbackState | null> {
  const atMs = Date.now();
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const sentMs: number[] = [];
    const tripsMs = new Map<number, number>();
    let timer: NodeJS.Timeout | undefined;
    let port = 0;
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
    const send = () => {
      const index = sentMs.push(performance.now()) - 1;
      socket.send(Uint8Array.of(index), port, '127.0.0.1');
      timer = index + 1 < packets ? setTimeout(send, spacingMs) : setTimeout(lookLast, waitMs);
    };
    // What came while stanch was busy with something else is taken first: it is not lost.
    const lookLast = () => {
      lastLook = setImmediate(() => finish(stateOf(atMs, tripsMs)));
    };
    socket.bind(0, '127.0.0.1', () => {
      port = socket.address().port;
      send();
    });
  });
}

function stateOf(atMs: number, tripsMs: ReadonlyMap<number, number>): LoopbackState {
  const shortestMs = tripsMs.size === 0 ? null : Math.min(...tripsMs.values());
  return { atMs, sent: packets, lost: packets - tripsMs.size, roundTripMs: shortestMs };
}
