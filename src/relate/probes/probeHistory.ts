/** What is usual for one probe, and whether the last answers were. Pure: results in, state out. */
import type { ProbeRange, ProbeResult, ProbeState, ProbeTarget } from '../../model/probe.ts';
import { probeName } from './probeTarget.ts';

/** Answers that the range is learnt from: at the default pace some two hours. */
const learntAnswers = 240;
/** A range is known from so many on. */
const leastLearnt = 5;
/** Until then, what takes longer than this is slow. */
const slowUntilLearntMs = 3000;
/** Slow: well beyond what is usual, by ratio and by what a person notices. */
const slowFactor = 3;
const slowMarginMs = 200;
/** Of the last three, two make it slow; it is well again when none is. */
const lately = 3;
const badOnes = 2;
/** So many unusual answers in a row without a reason in the host are what is usual now. */
const newUsual = 120;

export class ProbeHistory {
  readonly target: ProbeTarget;
  #answersMs: number[] = [];
  #range: ProbeRange | null = null;
  #lately: { result: ProbeResult; isBad: boolean }[] = [];
  #unusualInARow = 0;
  #state: ProbeState['state'] = 'learning';
  #sinceMs: number;
  /** When it answered last, or was met. */
  answeredMs: number;

  constructor(target: ProbeTarget, nowMs: number) {
    this.target = target;
    this.#sinceMs = nowMs;
    this.answeredMs = nowMs;
  }

  /** `hostIsWell`: nothing of the host explains a slow answer, so that this one tells what is usual. */
  add(result: ProbeResult, hostIsWell: boolean): void {
    const { latencyMs, atMs } = result;
    const isSlow = latencyMs !== null && latencyMs > this.slowAboveMs;
    const isBad = latencyMs === null || isSlow;
    if (latencyMs !== null) this.answeredMs = atMs;
    this.#lately.push({ result, isBad });
    if (this.#lately.length > lately) this.#lately.shift();
    if (hostIsWell && latencyMs !== null) this.#learn(latencyMs);
    this.#move(atMs);
  }

  #learn(latencyMs: number): void {
    // By the median: what was taken for usual at the upper end would soon make more so, and what is slow would never be told.
    const isUnusual = this.#range !== null && latencyMs > wellBeyond(this.#range.medianMs, this.#range.medianMs);
    this.#unusualInARow = isUnusual ? this.#unusualInARow + 1 : 0;
    if (this.#unusualInARow >= newUsual) this.#answersMs = [];
    else if (isUnusual) return;
    this.#answersMs.push(latencyMs);
    if (this.#answersMs.length > learntAnswers) this.#answersMs.shift();
    this.#range = rangeOf(this.#answersMs);
  }

  #move(atMs: number): void {
    const bad = this.#lately.filter(({ isBad }) => isBad);
    const wasBad = this.#state === 'slow' || this.#state === 'failing';
    if (bad.length > 0 && (wasBad || bad.length >= badOnes))
      this.#enter(bad.some(({ result }) => result.latencyMs === null) ? 'failing' : 'slow', atMs);
    else if (!wasBad || this.#lately.length === lately) this.#enter(this.#range === null ? 'learning' : 'healthy', atMs);
  }

  #enter(state: ProbeState['state'], atMs: number): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceMs = atMs;
  }

  get slowAboveMs(): number {
    const range = this.#range;
    return range === null ? slowUntilLearntMs : wellBeyond(range.highMs, range.medianMs);
  }

  state(waitingMs: number | null): ProbeState {
    return {
      name: probeName(this.target),
      target: this.target,
      state: this.#state,
      sinceMs: this.#sinceMs,
      latest: this.#lately.at(-1)?.result ?? null,
      worst: worstOf(this.#lately.filter(({ isBad }) => isBad).map(({ result }) => result)),
      waitingMs,
      range: this.#range,
      slowAboveMs: this.slowAboveMs,
    };
  }
}

function wellBeyond(usualMs: number, medianMs: number): number {
  return Math.max(slowFactor * usualMs, medianMs + slowMarginMs);
}

/** No answer is worse than any. */
function worstOf(results: readonly ProbeResult[]): ProbeResult | null {
  const wait = ({ latencyMs }: ProbeResult) => latencyMs ?? Number.POSITIVE_INFINITY;
  return results.reduce<ProbeResult | null>((worst, result) => (worst === null || wait(result) >= wait(worst) ? result : worst), null);
}

/** Median with the 5th and the 95th percentile. One answer that came late by chance is not the range, however few there are yet. */
function rangeOf(answersMs: readonly number[]): ProbeRange | null {
  if (answersMs.length < leastLearnt) return null;
  const sorted = [...answersMs].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { lowMs: at(0.05), medianMs: at(0.5), highMs: at(0.95) };
}
