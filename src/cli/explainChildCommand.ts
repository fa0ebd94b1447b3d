/** `stanch explain-child`: the child of `stanch why` and of the daemon. Not for people. */
import { buildCommand } from '@stricli/core';
import { explainChild } from '../explain/explainChild.ts';
import type { CliContext } from './context.ts';

export const explainChildCommand = buildCommand<Record<never, never>, [], CliContext>({
  docs: { brief: 'Started by stanch itself' },
  parameters: { flags: {}, positional: { kind: 'tuple', parameters: [] } },
  func: () => explainChild(),
});
