/** The terminal as a canvas: its own screen, keys one by one; given back as it was, whatever ends the program. */
import type { TopSize } from './topFrame.ts';

const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

export interface Terminal {
  size(): TopSize;
  /** Writes over the picture before, without flicker. */
  draw(lines: readonly string[]): void;
  onKeys(listener: (input: string) => void): void;
  onResize(listener: () => void): void;
  close(): void;
}

/** stdin and stdout must be a terminal. */
export function openTerminal(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): Terminal {
  let isOpen = true;
  const restore = () => {
    if (!isOpen) return;
    isOpen = false;
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(leave);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    restore();
    // As the signal would have ended us.
    process.kill(process.pid, signal);
  };
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  for (const signal of signals) process.once(signal, onSignal);
  process.once('exit', restore);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  stdout.write(enter);
  return {
    size: () => ({ columns: Math.max(40, stdout.columns || 80), lines: Math.max(12, stdout.rows || 24) }),
    draw: (lines) => {
      // A terminal that does not take the last picture gets none until it has.
      if (stdout.writableNeedDrain) return;
      stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
    },
    onKeys: (listener) => {
      stdin.on('data', (data) => listener(String(data)));
    },
    onResize: (listener) => {
      stdout.on('resize', listener);
    },
    close: () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.off('exit', restore);
      stdin.removeAllListeners('data');
      stdout.removeAllListeners('resize');
      restore();
    },
  };
}
