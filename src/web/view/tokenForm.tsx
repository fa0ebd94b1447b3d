import { useRef } from 'preact/hooks';
import { connectWithToken, tokenRefused } from '../talk/live.ts';

export function TokenForm() {
  const field = useRef<HTMLInputElement>(null);
  const refused = tokenRefused.value;
  return (
    <form
      class="alone token"
      onSubmit={(event) => {
        event.preventDefault();
        const token = field.current?.value.trim() ?? '';
        if (token === '') field.current?.focus();
        else connectWithToken(token);
      }}
    >
      <h1>This page needs a token</h1>
      <p id="token-help">
        Memory figures and process names are shown only to who has it. It is in the file <code>token</code> in the daemon's data folder: as
        root <code>cat /var/lib/stanch/token</code>, or where <code>stanch run</code> said it keeps its data.
      </p>
      <label for="token">Token</label>
      <input
        id="token"
        ref={field}
        type="password"
        autocomplete="off"
        spellcheck={false}
        aria-describedby={refused ? 'token-refused token-help' : 'token-help'}
        aria-invalid={refused}
      />
      {refused && (
        <p id="token-refused" class="wrong" role="alert">
          That token was refused. Copy it whole; a restart with a new data folder makes a new one.
        </p>
      )}
      <button type="submit">Show me</button>
      <p class="small">It is kept for this tab only and forgotten when the tab is closed.</p>
    </form>
  );
}
