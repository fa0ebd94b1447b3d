/** A message to see whether a channel works, sent at once and once. */
import type { ChannelSettings } from '../model/settings.ts';
import { sendThrough } from './channels/index.ts';
import type { Message } from './message.ts';
import { reasonOf } from './reasonOf.ts';

export interface ChannelTest {
  channel: string;
  kind: ChannelSettings['kind'];
  /** Null: it was taken. */
  error: string | null;
}

const timeoutMs = 15_000;

export function testChannels(channels: readonly ChannelSettings[], hostName: string, nowMs: number): Promise<ChannelTest[]> {
  return Promise.all(channels.map((channel) => testChannel(channel, hostName, nowMs)));
}

async function testChannel(channel: ChannelSettings, hostName: string, nowMs: number): Promise<ChannelTest> {
  const key = `test:${channel.name}:${Math.round(nowMs).toString(36)}`;
  const message: Message = {
    key,
    kind: 'test',
    incidentId: 'test',
    title: `stanch can reach ${channel.name}: this is a test, nothing is wrong`,
    severity: 'info',
    hostName,
    subjectName: 'stanch',
    resource: null,
    facts: ['Next: nothing. An incident looks like this one, with the culprit, how fast it grows and how long you have.'],
    link: null,
    startedMs: nowMs,
    atMs: nowMs,
  };
  const result = { channel: channel.name, kind: channel.kind };
  try {
    await sendThrough(channel, [message], key, AbortSignal.timeout(timeoutMs));
    return { ...result, error: null };
  } catch (error) {
    return {
      ...result,
      error: error instanceof Error && error.name === 'TimeoutError' ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error),
    };
  }
}
