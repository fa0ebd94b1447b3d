/**
 * What is to be sent, sent, and tried again: each channel by itself, so that one that hangs holds up no other. What is in here is on disk
 * before it is sent, and what is sent together is put down as that before, so that after a crash the same batch goes out again.
 */
import type { ChannelSettings } from '../model/settings.ts';
import { mostTogether, sendThrough } from './channels/index.ts';
import { RefusedError } from './channels/postJson.ts';
import { type Delivery, failed } from './delivery.ts';
import { reasonOf } from './reasonOf.ts';

const sendTimeoutMs = 20_000;

export interface OutboxOptions {
  /** Puts deliveries down. Throws when it cannot. */
  save(deliveries: readonly Delivery[]): void;
  log(level: 'warning' | 'info', text: string): void;
  nowMs(): number;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #sending = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: OutboxOptions, known: readonly Delivery[]) {
    this.#options = options;
    for (const delivery of known) this.#deliveries.set(delivery.key, delivery);
  }

  /** In the order of time. */
  all(): Delivery[] {
    return [...this.#deliveries.values()];
  }

  /** Already put down by the caller. */
  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#deliveries.set(delivery.key, delivery);
  }

  forget(isDone: (incidentId: string) => boolean): void {
    for (const { key, incidentId, state } of this.#deliveries.values()) {
      if (state !== 'pending' && isDone(incidentId)) this.#deliveries.delete(key);
    }
  }

  /** Sends what is due; does not wait for it. */
  pump(channels: readonly ChannelSettings[]): void {
    if (this.#stopped.signal.aborted) return;
    for (const channel of channels) {
      if (this.#sending.has(channel.name)) continue;
      const batch = this.#nextBatch(channel);
      if (batch.length === 0) continue;
      const sending = this.#send(channel, batch)
        .catch((error: unknown) => this.#options.log('warning', `STANCH_E_NOTIFY: ${channel.name}: ${reasonOf(error)}`))
        .finally(() => this.#sending.delete(channel.name));
      this.#sending.set(channel.name, sending);
    }
  }

  #nextBatch(channel: ChannelSettings): Delivery[] {
    const nowMs = this.#options.nowMs();
    const pending = this.all().filter((delivery) => delivery.channel === channel.name && delivery.state === 'pending');
    const next = isInOrder(channel) ? firstOfEachIncident(pending) : pending;
    const due = next.filter(({ nextMs }) => nextMs <= nowMs);
    const [first] = due;
    if (first === undefined) return [];
    return due.filter(({ batch }) => batch === first.batch).slice(0, first.batch === null ? mostTogether(channel) : due.length);
  }

  async #send(channel: ChannelSettings, batch: readonly Delivery[]): Promise<void> {
    const name = batch[0]?.batch ?? batch[0]?.key ?? '';
    const marked = batch.map((delivery) => ({ ...delivery, batch: name }));
    this.#put(marked);
    const signal = AbortSignal.any([AbortSignal.timeout(sendTimeoutMs), this.#stopped.signal]);
    const messages = marked.map(({ message }) => message);
    try {
      await sendThrough(channel, messages, name, signal);
      const sent = marked.map((delivery): Delivery => ({ ...delivery, state: 'sent', error: null, attempts: delivery.attempts + 1 }));
      this.#put([...sent, ...this.#overtaken(sent)]);
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      // One for all: what went out under one name goes out again as the same.
      const spread = Math.random();
      const isRefused = error instanceof RefusedError;
      const reason = signal.aborted ? `no answer within ${sendTimeoutMs / 1000} s` : reasonOf(error);
      const nowMs = this.#options.nowMs();
      this.#put(
        marked.map((delivery) => ({
          ...failed(delivery, reason, nowMs, spread),
          // Of several it is not known which one was meant: from here on each by itself.
          ...(isRefused ? { isRefused, batch: delivery.key } : {}),
        })),
      );
      this.#options.log(
        'warning',
        `STANCH_E_NOTIFY: ${channel.name} did not take ${messages.length} ${messages.length === 1 ? 'message' : 'messages'}, tried again later: ${reason}`,
      );
    }
  }

  /** What was refused before what is sent now is never sent any more: the receiver would hear it in the wrong order. */
  #overtaken(sent: readonly Delivery[]): Delivery[] {
    const sentKeys = new Set(sent.map(({ key }) => key));
    const later = new Set<string>();
    return this.all()
      .toReversed()
      .filter(({ key, channel, incidentId, isRefused, state }) => {
        if (sentKeys.has(key)) later.add(incidentId);
        return later.has(incidentId) && isRefused === true && state === 'pending' && channel === sent[0]?.channel && !sentKeys.has(key);
      })
      .map((each) => ({ ...each, state: 'given-up' }));
  }

  #put(deliveries: readonly Delivery[]): void {
    this.add(deliveries);
    this.#options.save(deliveries);
  }

  /** Ends what is under way; it goes out again after the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.settled();
  }

  /** Everything that is under way has been taken or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#sending.values());
  }
}

/** Alertmanager is told each minute how it stands: what it did not take then is no reason to wait now. */
function isInOrder({ kind }: ChannelSettings): boolean {
  return kind !== 'alertmanager';
}

/**
 * The end of an incident may not overtake its beginning: who heard them the other way round would take it for open for ever. One that was refused
 * is asked about again, and holds up no other.
 */
function firstOfEachIncident(pending: readonly Delivery[]): Delivery[] {
  const seen = new Set<string>();
  return pending.filter(({ incidentId, isRefused }) => !seen.has(incidentId) && (isRefused === true || seen.add(incidentId)));
}
