/** What a process or workload calls itself, as text that can neither act nor deceive. */
import { inert } from '../words/inert.ts';

/** Longer ones have to break somewhere. */
const maxUnbroken = 20;

/** Command lines break where a reader would: not after the dashes of a flag, and rather after a slash of a path than within a name. */
export function Name({ text }: { text: string }) {
  return (
    <bdi>
      {inert(text)
        .split(' ')
        .map((word, index) => [index > 0 ? ' ' : '', <Word text={word} key={String(index)} />])}
    </bdi>
  );
}

function Word({ text }: { text: string }) {
  if (text.startsWith('-') && text.length <= maxUnbroken) return <span class="unbroken">{text}</span>;
  const steps = text.split('/');
  return (
    <>
      {steps.map((step, index) => [
        step,
        index < steps.length - 1 && '/',
        index < steps.length - 1 && index > 0 && <wbr key={String(index)} />,
      ])}
    </>
  );
}
