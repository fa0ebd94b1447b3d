/** `POST /api/v2/alerts` of Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. The same alert twice is one. */
import type { UrlChannelSettings } from '../../model/settings.ts';
import { readSecret } from '../secret.ts';
import { alertOf } from './alerts.ts';
import type { Channel } from './channel.ts';
import { postJson } from './postJson.ts';

export const alertmanagerChannel: Channel<UrlChannelSettings> = {
  most: 50,
  send: ({ url }, messages, _batch, signal) => {
    const base = readSecret(url).replace(/\/$/, '');
    return postJson(base.endsWith('/api/v2/alerts') ? base : `${base}/api/v2/alerts`, messages.map(alertOf), signal);
  },
};
