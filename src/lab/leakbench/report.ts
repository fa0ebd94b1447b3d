import {
  classAccuracy,
  coverage,
  type FamilyScore,
  falseAlarmList,
  familyScores,
  type Protocol,
  reliability,
  type Score,
  type Share,
  score,
  suspicion,
  timeToDetect,
  urgency,
} from './metrics.ts';
import type { RecordedGroup } from './recorded/recording.ts';
import type { Outcome } from './runner.ts';

/** Everything the benchmark says about one detector on one group of series. */
export interface Standing {
  detector: string;
  group: string;
  series: number;
  ever: Score;
  final: Score;
  suspicion: ReturnType<typeof suspicion>;
  urgency: ReturnType<typeof urgency>;
  timeToDetect: ReturnType<typeof timeToDetect>;
  coverage: ReturnType<typeof coverage>;
  reliability: ReturnType<typeof reliability>;
  classAccuracy: Share;
  falseAlarms: ReturnType<typeof falseAlarmList>;
  /** Leaks whose verdict was taken back and given again. */
  flapping: number;
}

export interface BenchReport {
  schema: 'stanch.bench-detect/1';
  seeds: string;
  standings: Standing[];
  families: (FamilyScore & { detector: string })[];
}

/** False alarms that are listed one by one; `--json` has them all. */
const mostListed = 60;

/** The headline: every generated series together. */
export const allGenerated = 'all generated';
const recordedGroups: readonly string[] = ['recorded', 'observed', 'labelled'] satisfies RecordedGroup[];

function isGenerated(group: string): boolean {
  return !recordedGroups.includes(group);
}

export function reportOf(outcomes: readonly Outcome[], seeds: string): BenchReport {
  const detectors = [...new Set(outcomes.map((outcome) => outcome.detector))];
  const groups = [...new Set(outcomes.map((outcome) => outcome.truth.group))];
  const standings = [...groups, ...(groups.filter(isGenerated).length > 1 ? [allGenerated] : [])].flatMap((group) => {
    const members = outcomes.filter(({ truth }) => (group === allGenerated ? isGenerated(truth.group) : truth.group === group));
    return detectors.map((detector) =>
      standingOf(
        detector,
        group,
        members.filter((one) => one.detector === detector),
      ),
    );
  });
  const families = detectors.flatMap((detector) =>
    familyScores(outcomes.filter((one) => one.detector === detector)).map((family) => ({ ...family, detector })),
  );
  return { schema: 'stanch.bench-detect/1', seeds, standings, families };
}

function standingOf(detector: string, group: string, outcomes: Outcome[]): Standing {
  return {
    detector,
    group,
    series: outcomes.length,
    ever: score(outcomes, 'ever'),
    final: score(outcomes, 'final'),
    suspicion: suspicion(outcomes),
    urgency: urgency(outcomes),
    timeToDetect: timeToDetect(outcomes),
    coverage: coverage(outcomes),
    reliability: reliability(outcomes),
    classAccuracy: classAccuracy(outcomes),
    falseAlarms: falseAlarmList(outcomes),
    flapping: outcomes.filter((outcome) => outcome.leakSpells > 1).length,
  };
}

/** The report as text: a leaderboard for each group, then what `detail` asks for about the first detector. */
export function renderReport(report: BenchReport, allFamilies: boolean): string {
  const lines: string[] = [];
  for (const group of new Set(report.standings.map((standing) => standing.group))) {
    const standings = report.standings.filter((standing) => standing.group === group);
    lines.push(`\n${group}: ${standings[0]?.series ?? 0} series, seeds ${report.seeds}`);
    lines.push(...renderLeaderboard(standings));
    const first = standings[0];
    if (first) {
      lines.push(...renderDetail(first, group !== allGenerated));
      if (group !== allGenerated) {
        const families = report.families.filter((family) => family.detector === first.detector && family.group === group);
        lines.push(...renderFamilies(families, allFamilies));
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

function renderLeaderboard(standings: Standing[]): string[] {
  const rows = standings.map((standing) => [
    standing.detector,
    ...(['ever', 'final'] as const).flatMap((protocol: Protocol) => [
      percent(standing[protocol].precision.value),
      percent(standing[protocol].recall.value),
      standing[protocol].f1.toFixed(3),
      percent(standing[protocol].falseAlarmRate.value),
    ]),
    `${fixed(standing.timeToDetect.median)} (${fixed(standing.timeToDetect.p90)})`,
    `${standing.falseAlarms.onHealthy}/${standing.falseAlarms.weeks.toFixed(0)}`,
  ]);
  const head = ['', 'ever: prec', 'recall', 'F1', 'FAR', 'final: prec', 'recall', 'F1', 'FAR', 'TTD/TTE (p90)', 'false/weeks'];
  return table([head, ...rows]);
}

function renderDetail(standing: Standing, listAlarms: boolean): string[] {
  const { coverage: covered, reliability: reliable, classAccuracy: classes } = standing;
  return [
    `${standing.detector}: precision ${interval(standing.ever.precision)}, recall ${interval(standing.ever.recall)} (ever); ` +
      `precision ${interval(standing.final.precision)}, recall ${interval(standing.final.recall)} (final)`,
    `  at least suspected: ${interval(standing.suspicion.found)} of the leaks, ${interval(standing.suspicion.accused)} of what is healthy`,
    `  woken, because less than two days may be left: by ${interval(standing.urgency.found)} of the leaks, ${interval(standing.urgency.accused)} of what is healthy`,
    `  slope interval holds the truth in ${interval(covered.slope)}, median error ${percent(covered.slopeError)}; ` +
      `exhaustion in ${interval(covered.exhaustion)}, median error ${percent(covered.exhaustionError)}`,
    `  class right in ${interval(classes)}; verdicts taken back and given again on ${standing.flapping} series`,
    `  probability (mean said → share that leaks, count), expected calibration error ${reliable.error.toFixed(3)}:`,
    `    ${reliable.bins
      .filter((bin) => bin.count > 0)
      .map((bin) => `${bin.meanProbability.toFixed(2)} → ${bin.leakShare.toFixed(2)} (${bin.count})`)
      .join('   ')}`,
    ...(listAlarms ? standing.falseAlarms.series : [])
      .slice(0, mostListed)
      .map((alarm) => `  false alarm: ${alarm.id} at ${alarm.atH.toFixed(1)} h on ${alarm.of}`),
  ];
}

function renderFamilies(families: FamilyScore[], all: boolean): string[] {
  const shown = all ? families : families.filter((family) => family.wrongEver.length + family.wrongFinal.length > 0);
  if (shown.length === 0) return ['  every family without a fault'];
  const verdictOn = (protocol: Protocol) =>
    `${families.filter((family) => isPoor(family, protocol)).length} of ${families.length} families under 90 % (${protocol})`;
  const rows = shown.map((family) => [
    `  ${family.family}`,
    family.label === 'leak' ? 'found' : 'accused',
    `${family.ever.hits}/${family.ever.of}`,
    `${family.final.hits}/${family.final.of}`,
    countsOf(family.slope),
    countsOf(family.exhaustion),
    nameList([...family.wrongEver, ...family.wrongFinal]),
  ]);
  return [
    `  ${verdictOn('ever')}, ${verdictOn('final')}`,
    ...table([['  family', '', 'ever', 'final', 'slope', 'exhaustion', 'seeds or series that went wrong'], ...rows]),
  ];
}

function countsOf(share: Share): string {
  return share.of === 0 ? '' : `${share.hits}/${share.of}`;
}

/** Less than nine in ten series of the family are judged rightly. */
function isPoor(family: FamilyScore, protocol: Protocol): boolean {
  const { value } = family[protocol];
  return family.label === 'leak' ? value < 0.9 : value > 0.1;
}

/** Seeds of generated series, names of recorded ones. */
function nameList(ids: string[]): string {
  return [...new Set(ids.map((id) => id.replace(/^.*?[#/]/, '')))].slice(0, 8).join(' ');
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function percent(value: number): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : '-';
}

function fixed(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '-';
}

function interval(share: Share): string {
  if (share.of === 0) return '- (nothing to count)';
  return `${percent(share.value)} (${percent(share.low)} to ${percent(share.high)}, ${share.hits} of ${share.of})`;
}
