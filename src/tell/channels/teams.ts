/** A workflow webhook of Microsoft Teams, which takes an adaptive card: https://adaptivecards.io/explorer/TextBlock.html. Markdown acts in its texts. */
import type { UrlChannelSettings } from '../../model/settings.ts';
import { headline, type Message } from '../message.ts';
import { readSecret } from '../secret.ts';
import type { Channel } from './channel.ts';
import { postJson } from './postJson.ts';

const colours = { info: 'default', warning: 'warning', critical: 'attention' };

export const teamsChannel: Channel<UrlChannelSettings> = {
  most: 10,
  send: ({ url }, messages, _batch, signal) => postJson(readSecret(url), teamsBody(messages), signal),
};

export function teamsBody(messages: readonly Message[]) {
  const body = messages.flatMap((message) => [
    {
      type: 'TextBlock',
      text: escapeMarkdown(headline(message)),
      weight: 'bolder',
      color: message.kind === 'resolved' ? 'good' : colours[message.severity],
      wrap: true,
    },
    ...message.facts.map((fact) => ({ type: 'TextBlock', text: escapeMarkdown(fact), wrap: true, spacing: 'small' })),
  ]);
  const links = messages.flatMap(({ link }) => (link === null ? [] : [{ type: 'Action.OpenUrl', title: 'Open in stanch', url: link }]));
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body,
    actions: links.slice(0, 6),
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }] };
}

/** Everything that Markdown may act on, also `{{DATE(…)}}` of adaptive cards. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~&-]/g, '\\$&').replace(/\r?\n/g, ' ');
}
