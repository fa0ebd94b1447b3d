/** What every command gets from `main.ts`. A command sets `process.exitCode` when its answer is bad news. */
import type { CommandContext } from '@stricli/core';

export interface CliStream {
  write(text: string): void;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  getColorDepth?(env?: Readonly<Partial<Record<string, string>>>): number;
}

export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: CliStream;
    readonly stderr: CliStream;
    readonly env: Readonly<Partial<Record<string, string>>>;
    exitCode?: number | string | null;
  };
}
