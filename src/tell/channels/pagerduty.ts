/** PagerDuty's events, version 2: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/. The `dedup_key` makes repetitions one incident there. */
import type { PagerDutySettings } from '../../model/settings.ts';
import type { Message } from '../message.ts';
import { readSecret } from '../secret.ts';
import type { Channel } from './channel.ts';
import { postJson } from './postJson.ts';

export const pagerdutyChannel: Channel<PagerDutySettings> = {
  most: 1,
  send: async ({ url, key }, messages, _batch, signal) => {
    for (const message of messages) await postJson(readSecret(url), pagerdutyBody(message, readSecret(key)), signal);
  },
};

export function pagerdutyBody(message: Message, routingKey: string) {
  return {
    routing_key: routingKey,
    event_action: message.kind === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: `stanch:${message.hostName}:${message.incidentId}`.slice(0, 255),
    payload: {
      summary: message.title.slice(0, 1024),
      source: message.hostName,
      severity: message.severity,
      timestamp: new Date(message.atMs).toISOString(),
      component: message.subjectName,
      class: message.resource ?? 'host',
      custom_details: { facts: message.facts },
    },
    client: 'stanch',
    ...(message.link === null ? {} : { client_url: message.link }),
  };
}
