import type { Subject, SubjectKind, WorkloadOrigin } from '../model/subject.ts';
import { corrupt } from './bytes.ts';

const kinds: readonly SubjectKind[] = ['process', 'workload', 'host'];
const origins: readonly WorkloadOrigin[] = ['systemd-unit', 'container', 'php-fpm-pool', 'executable', 'kernel'];

/** A subject as the store's files keep it. */
export function subjectDocument(subject: Subject): string {
  const { id, kind, name, workloadId, origin, user } = subject;
  return JSON.stringify({ id, kind, name, workloadId, origin, user });
}

export function sameSubject(a: Subject, b: Subject): boolean {
  return (
    a.id === b.id && a.kind === b.kind && a.name === b.name && a.workloadId === b.workloadId && a.origin === b.origin && a.user === b.user
  );
}

/** A copy that stays as it is when the scanner uses its object again. */
export function copySubject(subject: Subject): Subject {
  const { id, kind, name, workloadId, origin, user } = subject;
  return {
    id,
    kind,
    name,
    ...(workloadId === undefined ? {} : { workloadId }),
    ...(origin === undefined ? {} : { origin }),
    ...(user === undefined ? {} : { user }),
  };
}

/** Throws STANCH_E_STORE_CORRUPT when it is no subject. */
export function parseSubject(document: string): Subject {
  const fields = parseObject(document);
  const kind = kinds.find((known) => known === fields.get('kind'));
  const origin = origins.find((known) => known === fields.get('origin'));
  const [id, name, workloadId, user] = ['id', 'name', 'workloadId', 'user'].map((field) => text(fields.get(field)));
  if (id === undefined || name === undefined || kind === undefined) throw corrupt('a subject without id, name or kind');
  return copySubject({
    id,
    kind,
    name,
    ...(workloadId === undefined ? {} : { workloadId }),
    ...(origin === undefined ? {} : { origin }),
    ...(user === undefined ? {} : { user }),
  });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseObject(document: string): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (cause) {
    throw corrupt('a document that is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw corrupt('a document that is not an object');
  return new Map(Object.entries(value));
}
