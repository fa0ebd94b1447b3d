/** `stanch top`: the live view, sorted by growth. */
import { buildCommand } from '@stricli/core';
import { StanchError } from '../model/errors.ts';
import { actionsSchema, idSchema, statusSchema, subjectsSchema } from '../serve/schema.ts';
import { type ApiClient, createClient } from './client.ts';
import { type ClientFlags, clientFlags } from './clientFlags.ts';
import type { CliContext } from './context.ts';
import { createPaint, type Paint } from './paint.ts';
import { surroundings } from './settingsFlags.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import type { TopAction } from './topAction.ts';
import { pageSize, type TopData, topFrame } from './topFrame.ts';
import { firstTopState, pressKeys, type TopState } from './topKeys.ts';

export const topCommand = buildCommand<ClientFlags, [], CliContext>({
  docs: {
    brief: 'Live view of what grows',
    fullDescription:
      'Asks the running daemon after each of its scans. Keys: q quits, arrows move, a acts on what is marked (its plan is shown first), g c m f t n sort, p switches between workloads and processes.',
  },
  parameters: { flags: clientFlags },
  func: top,
});

/** More rows than this nobody scrolls through. */
const maxRows = 500;

async function top(this: CliContext, flags: ClientFlags): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new StanchError('STANCH_E_USAGE', {
      expected: 'a terminal',
      found: 'a pipe or a file',
      next: 'For one picture as text: stanch status',
    });
  }
  const client = createClient(flags.url, surroundings(this.process.env));
  const paint = createPaint(this.process.stdout, this.process.env, flags.noColor);
  // Asked once before the screen is taken, so that "no daemon" is said where it can be read.
  const first = await ask(client, firstTopState);
  const terminal = openTerminal(process.stdin, process.stdout);
  try {
    await watch(client, terminal, paint, first);
  } finally {
    terminal.close();
  }
}

async function ask(client: ApiClient, { kind, sort }: TopState): Promise<TopData> {
  const status = await client.get('/api/v1/status?limit=1', statusSchema);
  const { subjects } = await client.get(`/api/v1/subjects?kind=${kind}&sort=${sort}&limit=${maxRows}`, subjectsSchema);
  return { status, rows: subjects };
}

/** Draws until `q`. Errors of the daemon end it, but for its refusals to act, which are shown. */
async function watch(client: ApiClient, terminal: Terminal, paint: Paint, first: TopData): Promise<void> {
  let data = first;
  let state = firstTopState;
  let wake: (() => void) | undefined;
  const draw = () => terminal.draw(topFrame(data, state, terminal.size(), paint));
  terminal.onResize(draw);
  terminal.onKeys((input) => {
    const before = state;
    state = pressKeys(state, input, pageSize(terminal.size(), state.action), data.rows);
    draw();
    if (state.quit || state.kind !== before.kind || state.sort !== before.sort || state.action !== before.action) wake?.();
  });
  while (!state.quit) {
    const { action } = state;
    const next = action === null ? null : await carryOn(client, action);
    // Whoever went back to the list meanwhile does not want to see it any more.
    if (state.action === action) state = { ...state, action: next };
    draw();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1000, data.status.intervalMs));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (state.quit || state.action !== next) wake();
    });
    if (!state.quit) data = await ask(client, state);
  }
}

/** An account without a name has its number. */
function whoAsks(): string {
  return process.env.SUDO_USER ?? process.env.USER ?? String(process.getuid?.());
}

/** What the daemon says to it. */
async function carryOn(client: ApiClient, action: TopAction): Promise<TopAction> {
  try {
    switch (action.step) {
      case 'planning': {
        const wanted = { kind: action.kind, subject: action.subjectId };
        return { step: 'planned', proposal: await client.post('/api/v1/actions/plan', wanted, actionsSchema.entries.proposals.item) };
      }
      case 'agreeing': {
        const { proposal } = action;
        const { id } = await client.post(`/api/v1/actions/${encodeURIComponent(proposal.id)}/agree`, { by: whoAsks() }, idSchema);
        return { step: 'running', id, proposal };
      }
      case 'running': {
        const { actions } = await client.get('/api/v1/actions', actionsSchema);
        const done = actions.find(({ id }) => id === action.id);
        return done === undefined || done.state === 'running' ? action : { step: 'ended', done };
      }
      default:
        return action;
    }
  } catch (error) {
    if (error instanceof StanchError) return { step: 'refused', text: error.message };
    throw error;
  }
}
