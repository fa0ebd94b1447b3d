/** `/api/v1/notify/test`. */
import { testChannels } from '../tell/testMessage.ts';
import { HttpProblem } from './problem.ts';
import type { LiveSource } from './source.ts';

export async function notifyTest(source: LiveSource, { by, channel: name }: { by: string; channel?: string | undefined }, address: string) {
  const { channels } = source.settings().notify;
  const wanted = name === undefined ? channels : channels.filter((channel) => channel.name === name);
  if (wanted.length === 0) {
    throw new HttpProblem(404, 'STANCH_E_NO_INPUT', {
      expected:
        name === undefined ? 'a channel in the configuration' : `one of the channels ${channels.map((channel) => channel.name).join(', ')}`,
      found: name === undefined ? 'none' : JSON.stringify(name.slice(0, 80)),
      next: 'Name one under [[notify.channels]] in stanch.toml, then: stanch config check',
    });
  }
  const nowMs = source.nowMs();
  source.audit.write({
    atMs: nowMs,
    by,
    address,
    action: 'notify.test',
    subject: wanted.map((channel) => channel.name).join(','),
    detail: '',
  });
  return {
    schema: 'stanch.notify-test/1' as const,
    time: new Date(nowMs).toISOString(),
    channels: await testChannels(wanted, source.hostName, nowMs),
  };
}
