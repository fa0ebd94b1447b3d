/** A webhook with the body of Alertmanager, version 4, which many programs take already. `Idempotency-Key` tells a repetition. */
import type { UrlChannelSettings } from '../../model/settings.ts';
import type { Message } from '../message.ts';
import { readSecret } from '../secret.ts';
import { alertOf, fingerprintOf, firing } from './alerts.ts';
import type { Channel } from './channel.ts';
import { postJson } from './postJson.ts';

export const webhookChannel: Channel<UrlChannelSettings> = {
  most: 50,
  send: ({ url, name }, messages, batch, signal) =>
    postJson(readSecret(url), webhookBody(messages, name), signal, { 'Idempotency-Key': batch }),
};

export function webhookBody(messages: readonly Message[], receiver: string) {
  const alerts = messages.map((message) => {
    const { endsAt, ...alert } = alertOf(message);
    const isOver = message.kind === 'resolved';
    const key = { stanch_key: message.key, stanch_kind: message.kind };
    return {
      status: isOver ? 'resolved' : 'firing',
      ...alert,
      annotations: { ...alert.annotations, ...key },
      endsAt: isOver ? endsAt : firing,
      fingerprint: fingerprintOf(alert.labels),
    };
  });
  return {
    version: '4',
    groupKey: `stanch:${messages[0]?.hostName ?? ''}`,
    truncatedAlerts: 0,
    status: alerts.every(({ status }) => status === 'resolved') ? 'resolved' : 'firing',
    receiver,
    groupLabels: { alertname: 'StanchIncident' },
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: messages[0]?.link ?? '',
    alerts,
  };
}

/** What all of them have, with the same value. */
function common(all: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...rest] = all;
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => rest.every((other) => other[name] === value)));
}
