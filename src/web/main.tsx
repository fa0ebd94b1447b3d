import './style/tokens.css';
import './style/page.css';
import './style/now.css';
import './style/tables.css';
import './style/chart.css';
import './style/where.css';
import './style/condition.css';
import './style/incidents.css';
import './style/workload.css';
import './style/cascade.css';
import './style/audit.css';
import './style/settings.css';
import { options, render } from 'preact';
import { followHash } from './route.ts';
import { connectWhileLookedAt } from './talk/live.ts';
import { applyScheme } from './theme.ts';
import { followAim } from './view/aim.ts';
import { App } from './view/app.tsx';

const root = document.getElementById('app');
if (!root) throw new Error('expected an element with the id app in the page');
// Answers come one by one: what came since the last frame is drawn once.
options.debounceRendering = (draw) => requestAnimationFrame(draw);
applyScheme();
followHash();
followAim();
connectWhileLookedAt();
render(<App />, root);
