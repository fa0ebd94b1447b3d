import { accessSync, constants } from 'node:fs';
import type { ChannelSettings, Secret } from '../model/settings.ts';
import { readSecret } from './secret.ts';

/**
 * Why a channel would reach nobody, as far as that is seen without sending: what it names is not there. Null: nothing of the kind.
 * `hasEnvironment`: whether this process has the environment that the daemon sends from.
 */
export function channelTrouble(channel: ChannelSettings, hasEnvironment: boolean): string | null {
  try {
    if (channel.kind === 'hook') accessSync(channel.command[0] ?? '', constants.X_OK);
    for (const secret of secretsOf(channel)) if (hasEnvironment || !('env' in secret)) readSecret(secret);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function secretsOf(channel: ChannelSettings): Secret[] {
  switch (channel.kind) {
    case 'email':
      return channel.password === null ? [] : [channel.password];
    case 'pagerduty':
      return [channel.url, channel.key];
    case 'syslog':
    case 'journald':
    case 'hook':
      return [];
    default:
      return [channel.url];
  }
}
