/**
 * Asks the services of this server, and its loopback, at their pace: what is configured, or what is found listening at a known port.
 * Bounded: few targets, one question to each at a time, every one with its end; nothing of it waits for a scan or holds one up.
 */
import { readListeningSockets } from '../../kernel/listeningSockets.ts';
import type { LoopbackState, ProbeState } from '../../model/probe.ts';
import type { ProbeSettings } from '../../model/settings.ts';
import { askLoopback } from './askLoopback.ts';
import { askService } from './askService.ts';
import { ProbeHistory } from './probeHistory.ts';
import { probeUrl, targetsAmong } from './probeTarget.ts';

/** While something is wrong, the next round comes sooner. */
const hurry = 5;
const shortestPauseMs = 1000;
/** A service that was found listening and is gone this long was stopped, not lost. */
const goneMs = 3_600_000;

export interface ProberOptions {
  /** Nothing of the host explains a slow answer just now. */
  hostIsWell: () => boolean;
  /** A round failed for a reason that is none of the services'. The next one comes nevertheless. */
  onBug: (error: unknown) => void;
  procRoot?: string;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #histories = new Map<string, ProbeHistory>();
  /** When the question that is on the way was asked, by target. */
  readonly #askedMs = new Map<string, number>();
  #settings: ProbeSettings;
  #loopback: LoopbackState | null = null;
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #running = false;

  constructor(settings: ProbeSettings, options: ProberOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  start(): void {
    if (!this.#settings.enabled || this.#running) return;
    this.#running = true;
    this.#abort = new AbortController();
    this.#next(0);
  }

  /** Ends what is on the way. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  set(settings: ProbeSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.stop();
    this.#settings = settings;
    this.#histories.clear();
    this.#askedMs.clear();
    this.#loopback = null;
    this.start();
  }

  states(): ProbeState[] {
    return [...this.#histories].map(([url, history]) => {
      const askedMs = this.#askedMs.get(url);
      return history.state(askedMs === undefined ? null : performance.now() - askedMs);
    });
  }

  /** Null: not asked yet, or not to be had. */
  loopback(): LoopbackState | null {
    return this.#loopback;
  }

  #next(pauseMs: number): void {
    this.#timer = setTimeout(() => {
      this.#round().catch((error: unknown) => {
        this.#options.onBug(error);
        if (this.#running) this.#next(this.#settings.intervalMs);
      });
    }, pauseMs);
  }

  async #round(): Promise<void> {
    this.#chooseTargets(Date.now());
    const { signal } = this.#abort;
    const [loopback] = await Promise.all([
      askLoopback(signal),
      ...[...this.#histories.values()].map((history) => this.#ask(history, signal)),
    ]);
    if (!this.#running || signal.aborted) return;
    this.#loopback = loopback;
    const calm = this.#options.hostIsWell() && this.states().every(({ worst }) => worst === null);
    this.#next(calm ? this.#settings.intervalMs : Math.max(shortestPauseMs, this.#settings.intervalMs / hurry));
  }

  async #ask(history: ProbeHistory, signal: AbortSignal): Promise<void> {
    const url = probeUrl(history.target);
    this.#askedMs.set(url, performance.now());
    const result = await askService(history.target, this.#settings.timeoutMs, signal);
    if (signal.aborted) return;
    this.#askedMs.delete(url);
    history.add(result, this.#options.hostIsWell());
  }

  #chooseTargets(nowMs: number): void {
    const { targets } = this.#settings;
    for (const target of targets ?? targetsAmong(readListeningSockets(this.#options.procRoot ?? '/proc'))) {
      const url = probeUrl(target);
      if (!this.#histories.has(url)) this.#histories.set(url, new ProbeHistory(target, nowMs));
    }
    for (const [url, { target, answeredMs }] of this.#histories) {
      if (!target.isConfigured && nowMs - answeredMs > goneMs) this.#histories.delete(url);
    }
  }
}
