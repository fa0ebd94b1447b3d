/** Incidents and who hears of them, for the daemon: one step after each scan, and what people do in between. */
import type { ServerEvent } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import { type Concern, type Incident, isOpen } from '../model/incident.ts';
import type { NotifySettings, Settings } from '../model/settings.ts';
import type { Scan } from '../sample/scan.ts';
import type { Delivery } from './delivery.ts';
import { type FixNews, stepIncidents } from './grouping.ts';
import { type Handling, handle } from './handling.ts';
import { messageOf } from './message.ts';
import { Outbox } from './outbox.ts';
import { nextMessage, type Told } from './routing.ts';
import { TellFile } from './tellFile.ts';
import { Thresholds } from './thresholds.ts';

export interface TellerOptions {
  dataDir: string;
  hostName: string;
  settings: Pick<Settings, 'notify' | 'thresholds'>;
  log(level: 'warning' | 'info', text: string): void;
  nowMs(): number;
}

/** What the other stages know after a scan. */
export interface StageNews {
  scan: Scan;
  findings: Iterable<Finding>;
  /** What stands of the host, beside thresholds. */
  concerns: readonly Concern[];
  events: readonly ServerEvent[];
  fixes: readonly FixNews[];
}

/** The beginning of a timeline: what happened so long before the incident. */
const beforeMs = 3_600_000;
const maxBefore = 100;
const keepOver = 500;
/** What stands and did not change is written no more often. */
const refreshMs = 60_000;

export class Teller {
  readonly #options: TellerOptions;
  #settings: Pick<Settings, 'notify' | 'thresholds'>;
  readonly #file: TellFile;
  readonly #outbox: Outbox;
  readonly #thresholds = new Thresholds();
  #incidents: Incident[] = [];
  /** As on disk. */
  readonly #written = new Map<string, Incident>();
  #before: ServerEvent[] = [];
  #trouble: string | null = null;

  constructor(options: TellerOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#file = new TellFile(options.dataDir);
    const known = this.#tryFile(() => this.#file.load()) ?? { incidents: [], deliveries: [] };
    this.#incidents = known.incidents;
    for (const incident of known.incidents) this.#written.set(incident.id, incident);
    this.#outbox = new Outbox(
      { save: (deliveries) => this.#save([], deliveries), log: options.log, nowMs: options.nowMs },
      known.deliveries,
    );
  }

  set(settings: Pick<Settings, 'notify' | 'thresholds'>): void {
    this.#settings = settings;
  }

  /** Why nothing is kept on disk; null: it is. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Latest first. */
  incidents(): Incident[] {
    return [...this.#incidents].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.lastSeenMs - a.lastSeenMs);
  }

  incident(id: string): Incident | null {
    return this.#incidents.find((incident) => incident.id === id) ?? null;
  }

  deliveries(incidentId: string): Delivery[] {
    return this.#outbox.all().filter((delivery) => delivery.incidentId === incidentId);
  }

  afterScan({ scan, findings, concerns, events, fixes }: StageNews): void {
    const nowMs = scan.timeMs;
    const names = new Map(scan.workloads.map(({ subject }) => [subject.id, subject.name]));
    const after = stepIncidents(this.#incidents, {
      nowMs,
      findings: [...findings],
      concerns: [...concerns, ...this.#thresholds.look(scan, this.#settings.thresholds)],
      events,
      fixes,
      before: this.#before,
      nameOf: (id) => names.get(id) ?? id,
    });
    this.#before = [...this.#before, ...events].filter(({ atMs }) => nowMs - atMs < beforeMs).slice(-maxBefore);
    this.#commit(bounded(after), nowMs);
  }

  /** Null: no such incident, or it is over already. */
  handle(id: string, handling: Handling, by: string): Incident | null {
    const nowMs = this.#options.nowMs();
    const known = this.incident(id);
    const handled = known === null ? null : handle(known, handling, by, nowMs);
    if (handled === null) return null;
    this.#commit(
      this.#incidents.map((incident) => (incident.id === id ? handled : incident)),
      nowMs,
    );
    return handled;
  }

  async stop(): Promise<void> {
    await this.#outbox.stop();
    this.#save(this.#incidents, []);
    this.#file.close();
  }

  /** Incidents, and what is to be sent of them, at once. */
  #commit(incidents: Incident[], nowMs: number): void {
    this.#incidents = incidents;
    const { notify } = this.#settings;
    const deliveries = incidents.flatMap((incident) => this.#decide(incident, notify, nowMs));
    const changed = incidents.filter((incident) => isNews(this.#written.get(incident.id), incident));
    if (changed.length > 0 || deliveries.length > 0) this.#save(changed, deliveries);
    this.#outbox.add(deliveries);
    this.#outbox.pump(notify.channels);
    const live = new Set(incidents.filter(isOpen).map(({ id }) => id));
    this.#outbox.forget((id) => !this.#isKnown(id) || (!live.has(id) && this.deliveries(id).length > 100));
  }

  #isKnown(id: string): boolean {
    return this.#incidents.some((incident) => incident.id === id);
  }

  #decide(incident: Incident, notify: NotifySettings, nowMs: number): Delivery[] {
    if (notify.channels.length === 0) return [];
    const earlier = this.deliveries(incident.id);
    return notify.channels.flatMap((channel) => {
      const ofChannel = earlier.filter((delivery) => delivery.channel === channel.name);
      const last = ofChannel.at(-1);
      const told: Told | null = last === undefined ? null : last.message;
      const kind = nextMessage(incident, channel, told, notify, nowMs);
      if (kind === null) return [];
      // A reminder of what was never taken would be the same twice.
      if (kind === 'reminder' && last?.state === 'pending') return [];
      const key = `${incident.id}:${channel.name}:${kind}:${Math.round(nowMs).toString(36)}`;
      const message = messageOf(incident, { key, kind, hostName: this.#options.hostName, pageUrl: notify.pageUrl, nowMs });
      const delivery: Delivery = {
        key,
        channel: channel.name,
        incidentId: incident.id,
        message,
        state: 'pending',
        attempts: 0,
        nextMs: nowMs,
        batch: null,
        error: null,
      };
      return [delivery];
    });
  }

  #save(incidents: readonly Incident[], deliveries: readonly Delivery[]): void {
    const isSaved = this.#tryFile(() => {
      this.#file.save(incidents, deliveries);
      return true;
    });
    if (isSaved) for (const incident of incidents) this.#written.set(incident.id, incident);
    for (const id of this.#written.keys()) if (!this.#isKnown(id)) this.#written.delete(id);
  }

  /** On a full disk incidents are told all the same; they are kept again when there is room. */
  #tryFile<T>(work: () => T): T | null {
    try {
      const result = work();
      this.#trouble = null;
      return result;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.#trouble === null) this.#options.log('warning', `incidents are kept in memory only: ${text}`);
      this.#trouble = text;
      return null;
    }
  }
}

/** Worth a write: more than the clock moved on. */
function isNews(before: Incident | undefined, now: Incident): boolean {
  if (before === undefined) return true;
  if (before === now) return false;
  const said = (incident: Incident) => [
    incident.state,
    incident.severity,
    incident.subjectId,
    incident.timeline.length + incident.droppedEvents,
    incident.notes.length,
    incident.findingIds.length,
    incident.concerns.map(({ key }) => key).join(),
    incident.fix?.sinceMs ?? '',
  ];
  return now.lastSeenMs - before.lastSeenMs >= refreshMs || said(before).join(' ') !== said(now).join(' ');
}

function bounded(incidents: Incident[]): Incident[] {
  const over = incidents.filter((incident) => !isOpen(incident));
  if (over.length <= keepOver) return incidents;
  const dropped = new Set(over.sort((a, b) => a.lastSeenMs - b.lastSeenMs).slice(0, over.length - keepOver));
  return incidents.filter((incident) => !dropped.has(incident));
}
