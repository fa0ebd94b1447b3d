/** Whoever rests on a link is about to follow it: what its view needs first is asked for meanwhile. */
import { parseRoute, type Route } from '../route.ts';
import { askAhead } from '../talk/askDocument.ts';
import { seriesPath } from './hostMemory.tsx';
import { readRange } from './range.tsx';
import { subjectPath } from './workload.tsx';
import { firstWorkloadsPath } from './workloads.tsx';

/** A pointer on its way to somewhere else is gone by then. */
const restMs = 40;

export function followAim(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const aim = (event: Event): void => {
    clearTimeout(timer);
    const link = event.target instanceof Element ? event.target.closest('a[href^="#/"]') : null;
    const hash = link?.getAttribute('href') ?? null;
    if (hash !== null) timer = setTimeout(() => neededFirst(parseRoute(hash)).forEach(askAhead), event.type === 'pointerdown' ? 0 : restMs);
  };
  for (const type of ['pointerover', 'pointerdown', 'focusin']) document.addEventListener(type, aim, { passive: true });
}

function neededFirst(to: Route): string[] {
  switch (to.view) {
    case 'workloads':
      return [firstWorkloadsPath];
    case 'workload':
      return [subjectPath(to.id), seriesPath(to.id, to.query.get('resource') ?? 'memory', readRange(to.query))];
    case 'where':
    case 'audit':
      return [to.view];
    default:
      return [];
  }
}
