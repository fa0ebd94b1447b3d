import { type Subject, type SubjectKind, workloadOrigins } from '../model/subject.ts';
import { corrupt } from './bytes.ts';

/** All that is kept, in this order. */
const fields = ['id', 'kind', 'name', 'workloadId', 'origin', 'user', 'account', 'domain'] as const satisfies readonly (keyof Subject)[];
const kinds: readonly SubjectKind[] = ['process', 'workload', 'host', 'probe'];

/** A subject as the store's files keep it. */
export function subjectDocument(subject: Subject): string {
  return JSON.stringify(subject, [...fields]);
}

export function sameSubject(a: Subject, b: Subject): boolean {
  return fields.every((field) => a[field] === b[field]);
}

/** A copy that stays as it is when the scanner uses its object again. */
export function copySubject(subject: Subject): Subject {
  const { id, kind, name, workloadId, origin, user, account, domain } = subject;
  return {
    id,
    kind,
    name,
    ...(workloadId === undefined ? {} : { workloadId }),
    ...(origin === undefined ? {} : { origin }),
    ...(user === undefined ? {} : { user }),
    ...(account === undefined ? {} : { account }),
    ...(domain === undefined ? {} : { domain }),
  };
}

/** Throws STANCH_E_STORE_CORRUPT when it is no subject. */
export function parseSubject(document: string): Subject {
  const values = parseObject(document);
  const kind = kinds.find((known) => known === values.get('kind'));
  const origin = workloadOrigins.find((known) => known === values.get('origin'));
  const [id, name, workloadId, user, account, domain] = ['id', 'name', 'workloadId', 'user', 'account', 'domain'].map((field) =>
    text(values.get(field)),
  );
  if (id === undefined || name === undefined || kind === undefined) throw corrupt('a subject without id, name or kind');
  return copySubject({
    id,
    kind,
    name,
    ...(workloadId === undefined ? {} : { workloadId }),
    ...(origin === undefined ? {} : { origin }),
    ...(user === undefined ? {} : { user }),
    ...(account === undefined ? {} : { account }),
    ...(domain === undefined ? {} : { domain }),
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
