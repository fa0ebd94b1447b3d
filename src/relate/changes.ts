/**
 * Since when, and after what: the changes of a server ranked by how well each fits the beginning of a leak. Pure.
 * A change fits by what it is about (this workload before all others) and by how shortly before it stands. It is no proof.
 */
import { formatDuration } from '../model/units.ts';

type ChangeKind = 'package' | 'unit' | 'config' | 'executable' | 'application' | 'restart' | 'reboot' | 'cron';

export interface Change {
  atMs: number;
  kind: ChangeKind;
  /** What was changed: a package, a path, a unit. */
  name: string;
  /** As a sentence goes on: `php8.2-fpm was upgraded from 8.2.7 to 8.2.20`. */
  text: string;
  /** Where it is known from: `dpkg`, `mtime`, `/proc`. */
  source: string;
}

/** What is known of the workload that leaks. */
export interface ChangedSubject {
  name: string;
  unit: string | null;
  exe: string | null;
}

export interface RankedChange extends Change {
  /** 0 to 1: how well it fits. */
  fit: number;
}

export interface SinceWhen {
  onsetMs: number;
  /** Best first, at most 5. */
  changes: RankedChange[];
  /** null: nothing that changed fits well enough. */
  sentence: string | null;
}

/** What was longer before is hardly the reason; the beginning itself is known to about so much. */
export const lookBackMs = 3 * 86_400_000;
const fadesMs = 12 * 3_600_000;
export const slackMs = 15 * 60_000;
const worthTelling = 0.25;
const most = 5;
/** So near to the best fit that either may be it, unless it came long before that. */
const rivalPart = 0.75;

/** What every program is built on; a fault in it can be anybody's leak. */
const foundation = /^(?:libc6|libc-bin|libssl\d|libstdc\+\+6|openssl|linux-image)/;
/** A library of a language is in few of its programs, unlike an extension of PHP: its name is what follows. */
const libraryFor = /^(?:python\d?|ruby|node|golang)-/;
const kindWeight: Record<ChangeKind, number> = {
  package: 1,
  executable: 1,
  application: 1,
  unit: 0.9,
  config: 0.8,
  restart: 0.45,
  cron: 0.5,
  reboot: 0.4,
};

export function sinceWhen(onsetMs: number, subject: ChangedSubject, changes: readonly Change[]): SinceWhen {
  const ranked = changes
    .map((change) => ({ ...change, fit: fitOf(change, onsetMs, subject) }))
    .filter(({ fit }) => fit > 0)
    .sort((a, b) => b.fit - a.fit || b.atMs - a.atMs)
    .slice(0, most);
  return { onsetMs, changes: ranked, sentence: sentenceOf(onsetMs, ranked) };
}

function fitOf(change: Change, onsetMs: number, subject: ChangedSubject): number {
  const beforeMs = onsetMs - change.atMs;
  if (beforeMs < -slackMs || beforeMs > lookBackMs) return 0;
  const closeness = Math.exp(-Math.max(0, beforeMs) / fadesMs);
  return kindWeight[change.kind] * relevance(change, subject) * closeness;
}

function relevance({ kind, name }: Change, subject: ChangedSubject): number {
  if (kind === 'restart' || kind === 'reboot' || kind === 'executable' || kind === 'application') return 1;
  if (kind === 'package' && foundation.test(name)) return 0.35;
  // The script may have any name, as `index.js`, and its folder that of the application.
  const own = wordsOf(`${subject.unit ?? ''} ${subject.name.split(' ').map(lastNames).join(' ')} ${baseName(subject.exe ?? '')}`);
  const shared = wordsOf(kind === 'package' ? name.replace(libraryFor, '') : name).filter((word) => own.includes(word));
  return shared.length > 0 ? 1 : 0.1;
}

const tooCommon = new Set([
  'service',
  'lib',
  'etc',
  'conf',
  'systemd',
  'system',
  'bin',
  'usr',
  'root',
  'common',
  'server',
  'pool',
  'main',
  'default',
]);

/** Folders in which everybody's applications are. */
const everywhere = new Set(
  'app apps bin build current data dist home html lib local node_modules opt release releases share src srv tmp usr var www'.split(' '),
);

/** `php8.2-fpm.service` → php, fpm. */
function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length >= 3 && !tooCommon.has(word));
}

/** The last name of a path and the two folders nearest to it that tell applications apart. */
function lastNames(path: string): string {
  return path
    .split('/')
    .filter((name, index, all) => index === all.length - 1 || !everywhere.has(name))
    .slice(-3)
    .join(' ');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function sentenceOf(onsetMs: number, ranked: readonly RankedChange[]): string | null {
  const [best] = ranked;
  if (best === undefined || best.fit < worthTelling) return null;
  const rival = ranked.find(({ kind, fit, atMs }) => kind !== best.kind && fit >= best.fit * rivalPart && atMs >= best.atMs - slackMs);
  return `it began ${[best, ...(rival === undefined ? [] : [rival])].map((change) => placed(onsetMs, change)).join(', or ')}`;
}

function placed(onsetMs: number, { atMs, text, source }: Change): string {
  const gapMs = onsetMs - atMs;
  return `${gapMs < 60_000 ? 'about when' : `${formatDuration(gapMs)} after`} ${text} (${source})`;
}
