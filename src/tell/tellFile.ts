/**
 * Incidents and the outbox in one file: what is decided and what is to be sent of it are written in one transaction, so that after a crash
 * both are known or neither.
 */

import type { Incident } from '../model/incident.ts';
import { numberIn, textIn } from '../series/database.ts';
import { GuardedDatabase } from '../series/guardedDatabase.ts';
import type { Delivery } from './delivery.ts';

const schema = `CREATE TABLE incident (id TEXT PRIMARY KEY, timeMs REAL NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE delivery (key TEXT PRIMARY KEY, timeMs REAL NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;`;
const maxIncidents = 500;
const maxDeliveries = 2000;

export class TellFile {
  readonly #file: GuardedDatabase;

  constructor(dir: string) {
    const sound = (row: Parameters<typeof textIn>[0]) => JSON.parse(textIn(row, 'document')) !== null;
    const tables = [
      { name: 'incident', orderBy: 'id', isSound: sound },
      { name: 'delivery', orderBy: 'key', isSound: sound },
    ];
    this.#file = new GuardedDatabase({ dir, name: 'incidents.sqlite', schema, tables, now: Date.now });
  }

  /** Latest last. */
  load(): { incidents: Incident[]; deliveries: Delivery[] } {
    return this.#file.run((prepare) => ({
      incidents: prepare('SELECT document FROM incident ORDER BY timeMs')
        .all()
        .map((row): Incident => ({ fix: null, ...JSON.parse(textIn(row, 'document')) })),
      deliveries: prepare('SELECT document FROM delivery ORDER BY timeMs')
        .all()
        .map((row): Delivery => JSON.parse(textIn(row, 'document'))),
    }));
  }

  save(incidents: readonly Incident[], deliveries: readonly Delivery[]): void {
    this.#file.transaction((prepare) => {
      const putIncident = prepare('INSERT OR REPLACE INTO incident (id, timeMs, document) VALUES (?, ?, ?)');
      for (const incident of incidents) putIncident.run(incident.id, incident.lastSeenMs, JSON.stringify(incident));
      const putDelivery = prepare('INSERT OR REPLACE INTO delivery (key, timeMs, document) VALUES (?, ?, ?)');
      for (const delivery of deliveries) putDelivery.run(delivery.key, delivery.message.atMs, JSON.stringify(delivery));
      this.#forget(
        prepare('SELECT count(*) AS n FROM incident').get(),
        maxIncidents,
        prepare('DELETE FROM incident WHERE id IN (SELECT id FROM incident ORDER BY timeMs LIMIT ?)'),
      );
      this.#forget(
        prepare('SELECT count(*) AS n FROM delivery').get(),
        maxDeliveries,
        prepare('DELETE FROM delivery WHERE key IN (SELECT key FROM delivery ORDER BY timeMs LIMIT ?)'),
      );
    });
  }

  #forget(row: Parameters<typeof numberIn>[0] | undefined, most: number, remove: { run(count: number): unknown }): void {
    const count = row === undefined ? 0 : numberIn(row, 'n');
    if (count > most) remove.run(count - most);
  }

  close(): void {
    this.#file.close();
  }
}
