/** Hash routes, so that a link to a view can be sent and the server needs to know of none of them. */
import { signal } from '@preact/signals';

export type Route =
  | { view: 'now' }
  | { view: 'workloads'; query: URLSearchParams }
  | { view: 'where' }
  | { view: 'incidents' }
  | { view: 'incident'; id: string; query: URLSearchParams }
  | { view: 'audit' }
  | { view: 'settings' }
  | { view: 'actions' }
  | { view: 'workload'; id: string; query: URLSearchParams }
  | { view: 'unknown' };

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2);
  const query = new URLSearchParams(search);
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { view: 'now' };
  if (parts.length === 1 && parts[0] === 'workloads') return { view: 'workloads', query };
  if (parts.length === 1 && parts[0] === 'where') return { view: 'where' };
  if (parts.length === 1 && parts[0] === 'incidents') return { view: 'incidents' };
  if (parts.length === 1 && parts[0] === 'actions') return { view: 'actions' };
  if (parts.length === 1 && parts[0] === 'audit') return { view: 'audit' };
  if (parts.length === 1 && parts[0] === 'settings') return { view: 'settings' };
  if (parts.length === 2 && parts[0] === 'incident' && parts[1] !== undefined) {
    const id = decode(parts[1]);
    if (id !== null) return { view: 'incident', id, query };
  }
  if (parts.length === 2 && parts[0] === 'workload' && parts[1] !== undefined) {
    const id = decode(parts[1]);
    if (id !== null) return { view: 'workload', id, query };
  }
  return { view: 'unknown' };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    if (cause instanceof URIError) return null;
    throw cause;
  }
}

export const route = signal<Route>(parseRoute(location.hash));

export function followHash(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
}

export function incidentHref(id: string): string {
  return `#/incident/${encodeURIComponent(id)}`;
}

export function workloadHref(id: string): string {
  return `#/workload/${encodeURIComponent(id)}`;
}

/** Changes what the address says of the present view, without a step in the history. Empty values are left out. */
export function replaceQuery(change: Record<string, string>): void {
  const [path = '', search = ''] = location.hash.split('?', 2);
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, '', text === '' ? path || '#/' : `${path}?${text}`);
  route.value = parseRoute(location.hash);
}
