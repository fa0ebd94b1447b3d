/** Keys of the live view: what is typed, to the next state. Pure. */
import { pressAction, type TopAction } from './topAction.ts';

type TopSort = 'concern' | 'growth' | 'private' | 'fds' | 'threads' | 'processes' | 'name';

export interface TopState {
  kind: 'workload' | 'process';
  sort: TopSort;
  /** Index of the marked row, kept within the rows by whoever draws. */
  selected: number;
  /** Null: nobody acts. */
  action: TopAction | null;
  quit: boolean;
}

export const firstTopState: TopState = { kind: 'workload', sort: 'growth', selected: 0, action: null, quit: false };

const sortKeys: Record<string, TopSort> = { c: 'concern', g: 'growth', m: 'private', f: 'fds', t: 'threads', n: 'name' };

/** What the keys act on. */
export interface TopTarget {
  id: string;
  name: string;
}

/** `input` is what one read of the terminal gave: one or more keys. `page` of the rows are on the screen. */
export function pressKeys(state: TopState, input: string, page: number, rows: readonly TopTarget[]): TopState {
  let next = state;
  // Escape sequences of the arrows and their kin, else single characters.
  for (const [key] of input.matchAll(/\p{Cc}\[[0-9;]*[A-Za-z~]|\p{Cc}O[A-Z]|[\s\S]/gu)) next = press(next, key, page, rows);
  return next;
}

function press(state: TopState, key: string, page: number, rows: readonly TopTarget[]): TopState {
  const count = rows.length;
  if (state.action !== null && key !== '\u0003') return { ...state, action: pressAction(state.action, key) };
  const select = (index: number): TopState => ({ ...state, selected: Math.max(0, Math.min(count - 1, index)) });
  switch (key) {
    case 'q':
    case '\u0003':
      return { ...state, quit: true };
    case 'k':
    case '\u001b[A':
    case '\u001bOA':
      return select(state.selected - 1);
    case 'j':
    case '\u001b[B':
    case '\u001bOB':
      return select(state.selected + 1);
    case '\u001b[5~':
      return select(state.selected - page);
    case '\u001b[6~':
      return select(state.selected + page);
    case '\u001b[H':
      return select(0);
    case '\u001b[F':
      return select(count - 1);
    case 'p':
      return { ...state, kind: state.kind === 'workload' ? 'process' : 'workload', selected: 0 };
    case 'a': {
      const marked = rows[state.selected];
      return marked === undefined ? state : { ...state, action: { step: 'choosing', subjectId: marked.id, name: marked.name } };
    }
    default: {
      const sort = Object.hasOwn(sortKeys, key) ? sortKeys[key] : undefined;
      return sort === undefined ? state : { ...state, sort, selected: 0 };
    }
  }
}
