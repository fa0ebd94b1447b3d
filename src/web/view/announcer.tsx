/** Says a new leak to who listens instead of looks: once, and nothing else ever. */
import { useSignalEffect } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import { status } from '../talk/live.ts';
import { inert } from '../words/inert.ts';

export function LeakAnnouncer() {
  const known = useRef<Set<string> | null>(null);
  const [text, setText] = useState('');

  useSignalEffect(() => {
    if (status.value === null) return;
    const leaking = status.value.subjects.filter((subject) => subject.verdict === 'leak').map((subject) => subject.subject);
    const before = known.current;
    const fresh = before === null ? [] : leaking.filter((name) => !before.has(name));
    known.current = new Set([...(before ?? []), ...leaking]);
    if (fresh.length > 0) setText(`New leak: ${fresh.map(inert).join(', ')}`);
  });

  return (
    <div class="sr-only" role="status">
      {text}
    </div>
  );
}
