/** The frame around every view: where one is, whether what is shown is fresh, what stanch itself costs. */
import { useEffect, useRef } from 'preact/hooks';
import { type Route, route } from '../route.ts';
import { useAccess } from '../talk/access.ts';
import { connection, status } from '../talk/live.ts';
import { inert } from '../words/inert.ts';
import { LogOut } from './account.tsx';
import { Actions } from './actions.tsx';
import { LeakAnnouncer } from './announcer.tsx';
import { AuditView } from './audit.tsx';
import { Freshness, LostBanner } from './connection.tsx';
import { Footer } from './footer.tsx';
import { IncidentView } from './incident.tsx';
import { Incidents } from './incidents.tsx';
import { Now } from './now.tsx';
import { SchemeSwitch } from './schemeSwitch.tsx';
import { SettingsView } from './settings.tsx';
import { TokenDialog } from './tokenDialog.tsx';
import { TokenForm } from './tokenForm.tsx';
import { WhereView } from './where.tsx';
import { Workload } from './workload.tsx';
import { Workloads } from './workloads.tsx';

const titles: Partial<Record<Route['view'], string>> = {
  workloads: 'Workloads · ',
  where: 'Where the memory is · ',
  incidents: 'Incidents · ',
  incident: 'Incident · ',
  actions: 'Actions · ',
  audit: 'Audit · ',
  settings: 'Settings · ',
};

export function App() {
  const here = route.value;
  const main = useRef<HTMLElement>(null);
  const place = here.view === 'workload' || here.view === 'incident' ? here.id : here.view;
  const firstPlace = useRef(place);

  // A new view is a new page to somebody who hears it: start reading at its top. Not on the first one, where the browser does.
  useEffect(() => {
    if (firstPlace.current === place) return;
    firstPlace.current = '';
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);

  const hostName = status.value?.host.name;
  const leakCount = status.value?.leakCount ?? 0;
  useEffect(() => {
    if (here.view === 'workload') return;
    const what = leakCount === 0 ? '' : `${leakCount} ${leakCount === 1 ? 'leak' : 'leaks'} · `;
    document.title = `${what}${titles[here.view] ?? ''}${hostName === undefined ? 'stanch' : inert(hostName)}`;
  }, [here.view, hostName, leakCount]);

  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <div class="wide">
          <a class="brand" href="#/">
            <svg viewBox="0 0 32 32" aria-hidden="true">
              <path d="M16 2.5c5 6.6 9 11.2 9 16.6a9 9 0 0 1-18 0c0-5.4 4-10 9-16.6z" />
              <path class="brand-line" d="M3 21h26" />
            </svg>
            stanch
          </a>
          <bdi class="host-name">{hostName === undefined ? '' : inert(hostName)}</bdi>
          <nav aria-label="Views">
            <a href="#/" aria-current={here.view === 'now' ? 'page' : undefined}>
              Now
            </a>
            <a href="#/workloads" aria-current={here.view === 'workloads' || here.view === 'workload' ? 'page' : undefined}>
              Workloads
            </a>
            <a href="#/where" aria-current={here.view === 'where' ? 'page' : undefined}>
              Where
            </a>
            <a href="#/incidents" aria-current={here.view === 'incidents' || here.view === 'incident' ? 'page' : undefined}>
              Incidents
            </a>
            <a href="#/actions" aria-current={here.view === 'actions' ? 'page' : undefined}>
              Actions
            </a>
            <a href="#/audit" aria-current={here.view === 'audit' ? 'page' : undefined}>
              Audit
            </a>
            <a href="#/settings" aria-current={here.view === 'settings' ? 'page' : undefined}>
              Settings
            </a>
          </nav>
          <Freshness />
          <SchemeSwitch />
          {connection.value !== 'unauthorised' && <LeaveButton />}
        </div>
      </header>
      <LostBanner />
      <main id="main" class="wide" ref={main} tabIndex={-1}>
        {connection.value === 'unauthorised' ? <TokenForm /> : <View here={here} />}
      </main>
      <Footer />
      <LeakAnnouncer />
      <TokenDialog />
    </>
  );
}

/** Whoever came without a token has nothing to leave. */
function LeaveButton() {
  const access = useAccess();
  return access === null || access.by === 'loopback' ? null : <LogOut />;
}

function View({ here }: { here: Route }) {
  switch (here.view) {
    case 'now':
      return <Now />;
    case 'workloads':
      return <Workloads query={here.query} />;
    case 'where':
      return <WhereView />;
    case 'incidents':
      return <Incidents />;
    case 'incident':
      return <IncidentView id={here.id} query={here.query} />;
    case 'actions':
      return <Actions />;
    case 'audit':
      return <AuditView />;
    case 'settings':
      return <SettingsView />;
    case 'workload':
      return <Workload id={here.id} query={here.query} />;
    case 'unknown':
      return (
        <div class="alone">
          <h1>There is nothing at this address</h1>
          <p>
            The link may be cut short. <a href="#/">See how the server is now</a>, or{' '}
            <a href="#/workloads">look for the workload in the list</a>.
          </p>
        </div>
      );
  }
}
