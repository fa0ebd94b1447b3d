/** The flags of every command that asks the daemon. */
import type { FlagParametersForType } from '@stricli/core';
import { defaultUrl } from './client.ts';
import type { CliContext } from './context.ts';

export interface ClientFlags {
  url?: string;
  noColor: boolean;
}

export const clientFlags: FlagParametersForType<ClientFlags, CliContext> = {
  url: {
    kind: 'parsed',
    parse: (text: string) => text,
    optional: true,
    placeholder: 'URL',
    brief: `Where the daemon answers; default ${defaultUrl}`,
  },
  noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'Never use colour; as NO_COLOR in the environment' },
};
