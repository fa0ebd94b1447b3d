/** What this page may do here, how it may do more, and the way out. */
import { useState } from 'preact/hooks';
import { logOut, useAccess } from '../talk/access.ts';
import type { SessionDocument } from '../talk/documents.ts';
import { askForToken } from '../talk/tokenWanted.ts';
import { problemWords } from './problemWords.ts';

export function YourAccess() {
  const access = useAccess();
  if (access === null) return null;
  return (
    <section aria-labelledby="access" class="panel">
      <div class="panel-head">
        <h2 id="access">What you may do here</h2>
        {access.by !== 'loopback' && <LogOut />}
      </div>
      <p>{accessWords(access)}</p>
      {access.right !== 'act' && (
        <p class="buttons">
          <button type="button" onClick={() => void askForToken()}>
            Show the token for acting
          </button>
        </p>
      )}
    </section>
  );
}

function accessWords({ right, by }: SessionDocument): string {
  if (right === 'act') return 'Everything: read, take care of incidents, agree to actions, send tests. What you do is written down.';
  return by === 'loopback'
    ? 'Read, without a token, because this browser is on the server itself. Acting needs the token.'
    : 'Read. The token you came with is the one for reading; acting needs the other one.';
}

/** In the bar on top too: a page left open on a borrowed machine is a door. */
export function LogOut() {
  const [said, setSaid] = useState('');
  const leave = async () => {
    try {
      await logOut();
      location.hash = '#/';
    } catch (cause) {
      setSaid(problemWords(cause));
    }
  };
  return (
    <span class="leave">
      <button type="button" class="log-out" onClick={() => void leave()}>
        Log out
      </button>
      <span role="status">{said}</span>
    </span>
  );
}
