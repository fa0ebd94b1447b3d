import { formatDuration, formatTime } from '../model/units.ts';
import type { Exhaustion, Reason, ResourceVerdict, Urgency, VerdictWord } from '../model/verdict.ts';
import { levelCount } from '../series/window.ts';
import { logOddsOfLeak, reasonsFor } from './assess.ts';
import { classifyHealthy } from './classify.ts';
import type { WindowEvidence } from './evidence.ts';
import { forecastExhaustion, normal95, slopeDoubt, type Wall } from './forecast.ts';
import { lookAgain, type MissingProof, missingProof, type Suspicion, unsuspected } from './proof.ts';
import type { RuleContext } from './rules/rule.ts';
import { tooFewSamples, undecidedVerdict } from './undecided.ts';

const hourMs = 3_600_000;

/** A leak is said at one probability and taken back below a lower one, and so is a suspicion: nothing flaps. */
const sayLeak = 0.5;
const takeBackLeak = 0.4;
const saySuspect = 0.35;
const dropSuspicion = 0.2;

interface Candidate {
  evidence: WindowEvidence;
  logOdds: number;
}

/** What a verdict asks of the series it is about. */
export interface SeriesQuestions {
  /** Evidence of the longest window there is: it tells why nothing leaks. */
  widest(): WindowEvidence | null;
  /** How far the series usually rises above its floor in a window, in its unit. */
  excursion(evidence: WindowEvidence): number;
  /** When the growth of a window began, ms since the epoch. */
  onset(evidence: WindowEvidence): number;
  /** What tells that there were restarts, where nobody says so; null where they are known or there were none. */
  runs(): Reason | null;
}

/** Everything a track holds, as plain data. */
export interface TrackState {
  candidates: (Candidate | null)[];
  life: WindowEvidence | null;
  recurring: Candidate | null;
  recurringSinceMs: number;
  inherited: Candidate | null;
  word: VerdictWord;
  wordSinceMs: number;
  suspicion: Suspicion;
  missing: Reason | null;
}

/** The verdict on one resource over time: what every window last showed, and when the present word was reached. */
export class VerdictTrack {
  /** Evidence of the window over the whole life, as of its last judgement; null when nothing rises in it. */
  life: WindowEvidence | null = null;
  private readonly context: RuleContext;
  private readonly candidates: (Candidate | null)[] = new Array<Candidate | null>(levelCount * 2).fill(null);
  /** How many of them there are: of most there is none. */
  private candidateCount = 0;
  /** The average of earlier runs, and what the last run showed before its restart. */
  private recurring: Candidate | null = null;
  private recurringSinceMs = Number.NaN;
  private inherited: Candidate | null = null;
  private word: VerdictWord = 'no-leak';
  private wordSinceMs = Number.NaN;
  private suspicion: Suspicion = unsuspected;
  /** Why it is only a suspect, although likely. */
  private missing: MissingProof | null = null;

  constructor(context: RuleContext) {
    this.context = context;
  }

  get state(): TrackState {
    const { candidates, life, recurring, recurringSinceMs, inherited, word, wordSinceMs, suspicion } = this;
    const missing = this.missing === null ? null : asReason(this.missing);
    return { candidates, life, recurring, recurringSinceMs, inherited, word, wordSinceMs, suspicion, missing };
  }

  set state(state: TrackState) {
    for (let i = 0; i < this.candidates.length; i += 1) this.candidates[i] = state.candidates[i] ?? null;
    this.candidateCount = this.candidates.filter((candidate) => candidate !== null).length;
    this.life = state.life;
    this.recurring = state.recurring;
    this.recurringSinceMs = state.recurringSinceMs;
    this.inherited = state.inherited;
    this.word = state.word;
    this.wordSinceMs = state.wordSinceMs;
    this.suspicion = state.suspicion;
    const { missing } = state;
    this.missing = missing === null ? null : { rule: missing.rule, tell: () => missing.text };
  }

  get evidence(): WindowEvidence[] {
    const all = [this.inherited, this.recurring, ...this.candidates];
    return all.flatMap((candidate) => (candidate === null ? [] : [candidate.evidence]));
  }

  /** `part` is 0 for the whole ring of a level and 1 for its newer half. Null evidence: nothing rises there. */
  update(level: number, part: 0 | 1, evidence: WindowEvidence | null, logOdds: number): void {
    const index = level * 2 + part;
    this.candidateCount += Number(evidence !== null) - Number(this.candidates[index] !== null);
    this.candidates[index] = evidence === null ? null : { evidence, logOdds };
  }

  /** The process was restarted: what it showed stays until the new run is half as old as that took. `average` is the average run since `firstRunMs`. */
  restart(average: WindowEvidence | null, firstRunMs: number): void {
    const likeliest = this.likeliest();
    this.inherited = this.word === 'leak' && likeliest !== this.recurring ? likeliest : null;
    this.candidates.fill(null);
    this.candidateCount = 0;
    this.life = null;
    this.recur(average, firstRunMs);
  }

  /** The average of runs since `firstRunMs` is known anew. */
  recur(average: WindowEvidence | null, firstRunMs: number): void {
    // Of runs without end only the last are kept: it recurs since the first that ever showed it.
    this.recurringSinceMs = this.recurring === null ? firstRunMs : Math.min(firstRunMs, this.recurringSinceMs);
    this.recurring = average === null ? null : { evidence: average, logOdds: logOddsOfLeak(average, this.context) };
  }

  /** Drops what earlier runs showed once the present one had time enough to show it too: a leak that was mended does not come back. */
  outgrow(ageMs: number): void {
    const { inherited, recurring } = this;
    if (recurring !== null && ageMs > 2 * (recurring.evidence.toMs - recurring.evidence.fromMs)) this.recurring = null;
    if (inherited !== null && ageMs > (inherited.evidence.toMs - inherited.evidence.fromMs) / 2) this.inherited = null;
  }

  /** Log-odds of a leak that a window coarser than `level` shows. */
  coarserLogOdds(level: number): number {
    let best = Number.NEGATIVE_INFINITY;
    if (this.candidateCount === 0) return best;
    for (let i = (level + 1) * 2; i < this.candidates.length; i += 1) best = Math.max(best, this.candidates[i]?.logOdds ?? best);
    return best;
  }

  /** Trend of the load as the shortest of the windows that are longer than one of `level` shows it, as a share of it and per ms; 0 where none does. */
  loadRisePerMs(level: number, part: 0 | 1): number {
    for (let i = level * 2 + 2 - 2 * part; i < this.candidates.length; i += 1) {
      const rise = this.candidates[i]?.evidence.loadRisePerMs ?? 0;
      if (rise > 0) return rise;
    }
    return 0;
  }

  /** Settles the word after all windows have been updated. `young` is a subject too short known for any leak. */
  settle(nowMs: number, young: boolean): void {
    const likeliest = this.likeliest();
    const probability = probabilityOf(likeliest);
    this.suspicion = this.suspicionAfter(likeliest, nowMs);
    const kept = this.word === 'leak' && probability >= takeBackLeak;
    // Without a suspicion nobody asks what it lacks, nor once it is called a leak.
    this.missing = likeliest === null || kept || probability < dropSuspicion ? null : this.missingFrom(likeliest, young, nowMs);
    const found = probability >= sayLeak && this.missing === null;
    const suspected = probability >= (this.word === 'no-leak' ? saySuspect : dropSuspicion);
    const word = kept || found ? 'leak' : suspected ? 'suspect' : 'no-leak';
    if (word === this.word) return;
    this.word = word;
    this.wordSinceMs = nowMs;
  }

  /** What is suspected once `likeliest` is known; it is dropped at a lower probability than it begins. */
  private suspicionAfter(likeliest: Candidate | null, nowMs: number): Suspicion {
    const probability = probabilityOf(likeliest);
    if (this.suspicion.spanMs > 0) {
      const longestMs = this.candidates.reduce((longest, candidate) => Math.max(longest, spanOf(candidate)), spanOf(likeliest));
      return lookAgain(this.suspicion, { suspected: probability >= dropSuspicion, likely: probability >= sayLeak, longestMs }, nowMs);
    }
    return probability < saySuspect ? unsuspected : { ...unsuspected, spanMs: spanOf(likeliest), seenMs: nowMs };
  }

  /** What the likeliest window lacks; null when that, or any other window that likely shows a leak, lacks nothing. */
  private missingFrom(likeliest: Candidate, young: boolean, nowMs: number): MissingProof | null {
    const lackOf = (candidate: Candidate) =>
      missingProof(candidate.evidence, this.seenMs(candidate, nowMs), this.context.unit, this.suspicion, young, probabilityOf(candidate));
    const missing = lackOf(likeliest);
    if (missing === null) return null;
    const proven = this.candidates.some(
      (candidate) => candidate !== null && probabilityOf(candidate) >= sayLeak && lackOf(candidate) === null,
    );
    return proven ? null : missing;
  }

  private seenMs(candidate: Candidate, nowMs: number): number {
    return nowMs - (candidate === this.recurring ? this.recurringSinceMs : candidate.evidence.fromMs);
  }

  verdict(wall: Wall | null, nowMs: number, about: SeriesQuestions): ResourceVerdict {
    const likeliest = this.likeliest();
    const leaking = this.word !== 'no-leak' && likeliest !== null;
    const evidence = leaking ? likeliest.evidence : about.widest();
    if (evidence === null) return undecidedVerdict(this.context.resource, tooFewSamples);
    const error = slopeDoubt * normal95 * evidence.slopeErrorPerMs;
    const reasons = reasonsFor(evidence, this.context);
    const exhaustion = leaking && wall !== null ? this.forecast(likeliest, wall, nowMs, about) : null;
    return {
      resource: this.context.resource,
      verdict: this.word,
      class: leaking ? (likeliest === this.recurring ? 'restart-masked-leak' : 'leak') : classifyHealthy(evidence, this.context.unit),
      probability: Math.round(probabilityOf(likeliest) * 1e4) / 1e4,
      onset: leaking
        ? formatTime(Math.min(this.wordSinceMs, likeliest === this.recurring ? this.recurringSinceMs : about.onset(evidence)))
        : null,
      detectedAt: leaking ? formatTime(this.wordSinceMs) : null,
      slope: {
        perHour: evidence.slopePerMs * hourMs,
        low: (evidence.slopePerMs - error) * hourMs,
        high: (evidence.slopePerMs + error) * hourMs,
        unit: this.context.unit,
      },
      exhaustion,
      urgency: urgencyOf(this.word, exhaustion, nowMs),
      reasons: [
        this.word === 'suspect' && this.missing !== null ? asReason(this.missing) : null,
        leaking && likeliest === this.recurring ? about.runs() : null,
        ...reasons,
      ].filter((reason) => reason !== null),
    };
  }

  private forecast(candidate: Candidate, wall: Wall, nowMs: number, about: SeriesQuestions): Exhaustion | null {
    const { evidence } = candidate;
    if (candidate !== this.recurring && candidate !== this.inherited) {
      return forecastExhaustion(evidence, wall, about.excursion(evidence), nowMs);
    }
    // Seen in earlier runs: the present one goes on at their rate from what it holds, not from where they ended.
    if (Number.isNaN(wall.held)) return null;
    const fromMs = nowMs - (evidence.toMs - evidence.fromMs);
    return forecastExhaustion({ ...evidence, fromMs, toMs: nowMs, endFloor: wall.held }, wall, 0, nowMs);
  }

  private likeliest(): Candidate | null {
    let best = this.inherited;
    if (this.recurring !== null && (best === null || this.recurring.logOdds >= best.logOdds)) best = this.recurring;
    if (this.candidateCount === 0) return best;
    for (const candidate of this.candidates) {
      if (candidate !== null && (best === null || candidate.logOdds >= best.logOdds)) best = candidate;
    }
    return best;
  }
}

function asReason({ rule, tell }: MissingProof): Reason {
  return { rule, for: 'undecided', text: tell() };
}

function spanOf(candidate: Candidate | null): number {
  return candidate === null ? 0 : candidate.evidence.toMs - candidate.evidence.fromMs;
}

function probabilityOf(candidate: Candidate | null): number {
  return candidate === null ? 0 : 1 / (1 + Math.exp(-candidate.logOdds));
}

function urgencyOf(word: VerdictWord, exhaustion: Exhaustion | null, nowMs: number): Urgency {
  if (word !== 'leak' && word !== 'suspect') return { level: 'none', text: 'nothing to do' };
  if (exhaustion === null) return { level: 'watch', text: 'no wall in sight' };
  const leftMs = Date.parse(exhaustion.low) - nowMs;
  const text = leftMs < 1000 ? 'it may be reached at any moment' : `at the earliest ${formatDuration(leftMs)} are left`;
  if (leftMs < hourMs) return { level: 'now', text };
  return { level: leftMs < 48 * hourMs ? 'soon' : 'watch', text };
}
