/** Asked for where somebody wants to act and has shown no token yet. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, keepToken, tryToken } from '../talk/api.ts';
import { tokenWanted } from '../talk/tokenWanted.ts';

export function TokenDialog() {
  const onAnswer = tokenWanted.value;
  return onAnswer === null ? null : <Asking onAnswer={onAnswer} />;
}

function Asking({ onAnswer }: { onAnswer: (given: boolean) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // Closed before it goes: that gives the focus back to what was pressed.
    return () => shown?.close();
  }, []);
  const give = async () => {
    const token = field.current?.value.trim() ?? '';
    if (token === '') return;
    try {
      await tryToken(token);
    } catch (cause) {
      const isWrong = cause instanceof ApiProblem && cause.problem.kind === 'unauthorised';
      setSaid(isWrong ? 'That token was refused. Copy it whole.' : 'It could not be tried: stanch does not answer.');
      field.current?.select();
      return;
    }
    keepToken(token);
    onAnswer(true);
  };
  return (
    <dialog class="token-dialog" aria-label="Acting needs the token" ref={dialog} onCancel={() => onAnswer(false)}>
      <form
        class="token"
        onSubmit={(event) => {
          event.preventDefault();
          void give();
        }}
      >
        <h2>Acting needs the token</h2>
        <p>
          Reading is open on this server, changing something is not. The token is in the file <code>token</code> in the daemon's data
          folder: as root <code>cat /var/lib/stanch/token</code>.
        </p>
        <label for="acting-token">Token</label>
        <input id="acting-token" ref={field} type="password" autocomplete="off" spellcheck={false} aria-invalid={said !== ''} />
        <p class="wrong" role="alert">
          {said}
        </p>
        <p class="buttons">
          <button type="submit" class="primary">
            Go on
          </button>
          <button type="button" onClick={() => onAnswer(false)}>
            Leave it
          </button>
        </p>
        <p class="small">It is kept for this tab only and forgotten when the tab is closed.</p>
      </form>
    </dialog>
  );
}
