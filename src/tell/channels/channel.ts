/** A way to reach somebody. One file a kind; `send` rejects when the receiver did not take it, and is asked again later. */
import type { ChannelSettings } from '../../model/settings.ts';
import type { Message } from '../message.ts';

export interface Channel<S extends ChannelSettings = ChannelSettings> {
  /** How many messages go together. */
  most: number;
  /** `batch` is the same when the same messages are sent again: receivers that can, take them once. Within `signal`'s time. */
  send(settings: S, messages: readonly Message[], batch: string, signal: AbortSignal): Promise<void>;
}
