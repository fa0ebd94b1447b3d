/** What a process or workload calls itself, as text that can neither act nor deceive. */
import { inert } from '../words/inert.ts';

/** Longer ones have to break somewhere. */
const maxUnbroken = 14;

/** Browsers break lines after the dashes of a flag; kept whole, a command line can be read. */
export function Name({ text }: { text: string }) {
  const words = inert(text).split(' ');
  return (
    <bdi>
      {words.map((word, index) => [
        index > 0 ? ' ' : '',
        word.startsWith('-') && word.length <= maxUnbroken ? (
          <span class="unbroken" key={String(index)}>
            {word}
          </span>
        ) : (
          word
        ),
      ])}
    </bdi>
  );
}
