/** A command to be run on the server, with a button that copies it. */
import { useRef, useState } from 'preact/hooks';

const saidForMs = 2500;

export function Command({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  const copy = async () => {
    setSaid(await put(text, code.current));
    setTimeout(() => setSaid(''), saidForMs);
  };
  return (
    <div class="command-line">
      <code ref={code}>{text}</code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy ${text}`}>
        {said === '' ? 'Copy' : said}
      </button>
      <span class="sr-only" role="status">
        {said}
      </span>
    </div>
  );
}

/** A page that is not served by TLS or on loopback has no clipboard: then it is marked, for the keyboard to copy. */
async function put(text: string, element: HTMLElement | null): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied';
  } catch {
    if (element !== null) getSelection()?.selectAllChildren(element);
    return 'Press Ctrl+C';
  }
}
