/** Every kind of channel. */
import type { ChannelSettings } from '../../model/settings.ts';
import type { Message } from '../message.ts';
import { alertmanagerChannel } from './alertmanager.ts';
import { emailChannel } from './email.ts';
import { hookChannel } from './hook.ts';
import { journaldChannel } from './journald.ts';
import { pagerdutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { syslogChannel } from './syslog.ts';
import { teamsChannel } from './teams.ts';
import { webhookChannel } from './webhook.ts';

const urlChannels = { webhook: webhookChannel, slack: slackChannel, teams: teamsChannel, alertmanager: alertmanagerChannel };
const channels = {
  ...urlChannels,
  email: emailChannel,
  pagerduty: pagerdutyChannel,
  syslog: syslogChannel,
  journald: journaldChannel,
  hook: hookChannel,
};

/** How many messages go together. */
export function mostTogether({ kind }: ChannelSettings): number {
  return channels[kind].most;
}

export function sendThrough(settings: ChannelSettings, messages: readonly Message[], batch: string, signal: AbortSignal): Promise<void> {
  switch (settings.kind) {
    case 'email':
      return emailChannel.send(settings, messages, batch, signal);
    case 'pagerduty':
      return pagerdutyChannel.send(settings, messages, batch, signal);
    case 'syslog':
      return syslogChannel.send(settings, messages, batch, signal);
    case 'journald':
      return journaldChannel.send(settings, messages, batch, signal);
    case 'hook':
      return hookChannel.send(settings, messages, batch, signal);
    default:
      return urlChannels[settings.kind].send(settings, messages, batch, signal);
  }
}
