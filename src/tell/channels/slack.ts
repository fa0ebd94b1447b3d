/** An incoming webhook of Slack: https://api.slack.com/reference/surfaces/formatting. `plain_text` is shown as it is; in mrkdwn three characters act. */
import type { UrlChannelSettings } from '../../model/settings.ts';
import { headline, type Message } from '../message.ts';
import { readSecret } from '../secret.ts';
import type { Channel } from './channel.ts';
import { postJson } from './postJson.ts';

const colours = { info: '#6b7280', warning: '#d97706', critical: '#dc2626' };

export const slackChannel: Channel<UrlChannelSettings> = {
  most: 10,
  send: ({ url }, messages, _batch, signal) => postJson(readSecret(url), slackBody(messages), signal),
};

export function slackBody(messages: readonly Message[]) {
  return {
    text: escapeSlack(messages.map(headline).join('\n')),
    attachments: messages.map((message) => ({
      color: message.kind === 'resolved' ? '#16a34a' : colours[message.severity],
      blocks: [
        { type: 'section', text: { type: 'plain_text', text: headline(message).slice(0, 2900), emoji: false } },
        { type: 'section', text: { type: 'plain_text', text: message.facts.join('\n').slice(0, 2900), emoji: false } },
        ...(message.link === null
          ? []
          : [{ type: 'section', text: { type: 'mrkdwn', text: `<${escapeSlack(message.link)}|Open in stanch>` } }]),
      ],
    })),
  };
}

function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
