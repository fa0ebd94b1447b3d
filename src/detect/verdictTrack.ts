import { formatDuration, formatTime } from '../model/units.ts';
import type { Exhaustion, Resource, ResourceVerdict, Urgency, VerdictClass, VerdictWord } from '../model/verdict.ts';
import { levelCount } from '../series/window.ts';
import type { Assessment } from './assess.ts';
import { classifyHealthy } from './classify.ts';
import { forecastExhaustion, normal95, type Wall } from './forecast.ts';

const hourMs = 3_600_000;

/** A leak is said at this probability and taken back below the other: nothing flaps. */
const sayLeak = 0.9;
const takeBackLeak = 0.6;
const saySuspect = 0.5;
const sayHealthy = 0.2;

/** The verdict on one resource over time: the newest assessment of every window, and when the present word was reached. */
export class VerdictTrack {
  private readonly resource: Resource;
  private readonly unit: 'bytes' | 'count';
  private readonly newest: (Assessment | null)[] = new Array<Assessment | null>(levelCount * 2).fill(null);
  private word: VerdictWord = 'undecided';
  private wordSinceMs = 0;

  constructor(resource: Resource, unit: 'bytes' | 'count') {
    this.resource = resource;
    this.unit = unit;
  }

  update(level: number, part: 0 | 1, assessment: Assessment, nowMs: number): void {
    this.newest[level * 2 + part] = assessment;
    const word = this.wordFor(this.likeliest()?.probability ?? 0);
    if (word !== this.word) {
      this.word = word;
      this.wordSinceMs = nowMs;
    }
  }

  verdict(wall: Wall | null, nowMs: number): ResourceVerdict {
    const likeliest = this.likeliest();
    if (likeliest === null) return undecidedVerdict(this.resource, 'too few samples so far');
    const leaking = this.word === 'leak' || this.word === 'suspect';
    const { evidence } = leaking ? likeliest : (this.longest() ?? likeliest);
    const error = normal95 * evidence.slopeErrorPerMs;
    const exhaustion = leaking && wall !== null ? forecastExhaustion(evidence, wall, nowMs) : null;
    return {
      resource: this.resource,
      verdict: this.word,
      class: this.classOf(leaking),
      probability: Math.round(likeliest.probability * 1e4) / 1e4,
      onset: leaking ? formatTime(evidence.fromMs) : null,
      detectedAt: leaking ? formatTime(this.wordSinceMs) : null,
      slope: {
        perHour: evidence.slopePerMs * hourMs,
        low: (evidence.slopePerMs - error) * hourMs,
        high: (evidence.slopePerMs + error) * hourMs,
        unit: this.unit,
      },
      exhaustion,
      urgency: urgencyOf(this.word, exhaustion, nowMs),
      reasons: (leaking ? likeliest : (this.longest() ?? likeliest)).reasons,
    };
  }

  private classOf(leaking: boolean): VerdictClass {
    if (leaking) return 'leak';
    const longest = this.longest();
    return longest === null ? 'unknown' : classifyHealthy(longest.evidence);
  }

  private wordFor(probability: number): VerdictWord {
    if (probability >= sayLeak || (this.word === 'leak' && probability >= takeBackLeak)) return 'leak';
    if (probability >= saySuspect) return 'suspect';
    return probability < sayHealthy ? 'no-leak' : 'undecided';
  }

  private likeliest(): Assessment | null {
    let best: Assessment | null = null;
    for (const a of this.newest) if (a !== null && (best === null || a.probability >= best.probability)) best = a;
    return best;
  }

  private longest(): Assessment | null {
    let best: Assessment | null = null;
    for (const a of this.newest) {
      if (a !== null && (best === null || a.evidence.toMs - a.evidence.fromMs >= best.evidence.toMs - best.evidence.fromMs)) best = a;
    }
    return best;
  }
}

export function undecidedVerdict(resource: Resource, why: string): ResourceVerdict {
  return {
    resource,
    verdict: 'undecided',
    class: 'unknown',
    probability: 0,
    onset: null,
    detectedAt: null,
    slope: null,
    exhaustion: null,
    urgency: { level: 'none', text: 'nothing to do' },
    reasons: [{ rule: 'enough-samples', for: 'undecided', text: why }],
  };
}

function urgencyOf(word: VerdictWord, exhaustion: Exhaustion | null, nowMs: number): Urgency {
  if (word !== 'leak' && word !== 'suspect') return { level: 'none', text: 'nothing to do' };
  if (exhaustion === null) return { level: 'watch', text: 'no wall in sight' };
  const leftMs = Date.parse(exhaustion.low) - nowMs;
  const text = `at the earliest ${formatDuration(leftMs)} are left`;
  if (leftMs < hourMs) return { level: 'now', text };
  return { level: leftMs < 48 * hourMs ? 'soon' : 'watch', text };
}
