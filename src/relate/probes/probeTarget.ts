/** Targets as they are written in the configuration: `ssh://127.0.0.1:22`, `http://127.0.0.1/health`, `ftp://[::1]:21`, `tcp://127.0.0.1:3306`. */
import type { ListeningSocket } from '../../kernel/listeningSockets.ts';
import { type ProbeKind, type ProbeTarget, probeKinds } from '../../model/probe.ts';

const usualPorts: Record<ProbeKind, number | null> = { ssh: 22, http: 80, ftp: 21, tcp: null };
/** Found listening at these, a service is probed without being asked for. Others could take a connection without a word amiss. */
const knownPorts: ReadonlyMap<number, ProbeKind> = new Map([
  [22, 'ssh'],
  [21, 'ftp'],
  [80, 'http'],
  [8080, 'http'],
]);
const maxFound = 6;

/** Null: no such target. Secrets have no place in it, so a user in it is refused. */
export function parseProbeTarget(text: string): ProbeTarget | null {
  const match = /^([a-z]{3,4}):\/\/(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::(\d{1,5}))?(\/[!-~]{0,500})?$/.exec(text);
  const kind = probeKinds.find((known) => known === match?.[1]);
  const host = match?.[2] ?? match?.[3];
  if (match === null || kind === undefined || host === undefined) return null;
  const port = match[4] === undefined ? usualPorts[kind] : Number(match[4]);
  const path = match[5] ?? (kind === 'http' ? '/' : '');
  if (port === null || port < 1 || port > 65_535 || (kind !== 'http' && path !== '')) return null;
  return { kind, host, port, path, isConfigured: true };
}

export function probeUrl({ kind, host, port, path }: ProbeTarget): string {
  return `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

/** What a person calls it. */
export function probeName(target: ProbeTarget): string {
  const { kind, host, port, path } = target;
  if (port === usualPorts[kind] && isLocal(host) && (path === '' || path === '/')) return kind;
  return `${kind} ${host.includes(':') ? `[${host}]` : host}:${port}${path === '/' ? '' : path}`;
}

/** Pure: what to probe of what listens. The same service on both families is probed once. */
export function targetsAmong(sockets: readonly Pick<ListeningSocket, 'address' | 'port'>[]): ProbeTarget[] {
  const found = new Map<number, ProbeTarget>();
  for (const { address, port } of sockets) {
    const kind = knownPorts.get(port);
    if (kind === undefined || found.has(port)) continue;
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    found.set(port, { kind, host, port, path: kind === 'http' ? '/' : '', isConfigured: false });
  }
  return [...found.values()].sort((a, b) => a.port - b.port).slice(0, maxFound);
}

function isLocal(host: string): boolean {
  return host === '::1' || host === 'localhost' || host.startsWith('127.');
}
