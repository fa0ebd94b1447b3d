import './style/tokens.css';
import './style/page.css';
import './style/now.css';
import './style/tables.css';
import './style/chart.css';
import './style/where.css';
import './style/condition.css';
import { render } from 'preact';
import { followHash } from './route.ts';
import { connectWhileLookedAt } from './talk/live.ts';
import { applyScheme } from './theme.ts';
import { App } from './view/app.tsx';

const root = document.getElementById('app');
if (!root) throw new Error('expected an element with the id app in the page');
applyScheme();
followHash();
connectWhileLookedAt();
render(<App />, root);
