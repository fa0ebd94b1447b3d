/** What is held open, in sentences: as the document of one subject has it, and as a reason of a verdict on open files, sockets or processes. */
import { formatBytes } from '../model/units.ts';
import type { Reason, Resource, ResourceVerdict, SubjectVerdict } from '../model/verdict.ts';
import { type OpenFiles, OpenFilesTally, type SocketGroup, type TargetCount } from '../sample/openFiles/openFiles.ts';
import type { Scan } from '../sample/scan.ts';
import type { SubjectDetailDocument } from './schema.ts';

/** A group stands out with so many members, and so large a share of what was looked at. */
const fewestOfNote = 8;
const shareOfNote = 0.1;
const maxSentences = 3;
/** Less in a queue is no news: a closed connection alone counts as one byte. */
const queueOfNote = 4096;

/** Of all processes of a workload that were looked at; null: none was. */
export function openFilesOfWorkload(scan: Scan, workloadId: string): OpenFiles | null {
  const seen = scan.processes.flatMap(({ subject, openFiles }) =>
    subject.workloadId === workloadId && openFiles !== null ? [openFiles] : [],
  );
  if (seen.length <= 1) return seen[0] ?? null;
  const tally = new OpenFilesTally();
  for (const openFiles of seen) tally.addAll(openFiles);
  return tally.result(Math.min(...seen.map(({ timeMs }) => timeMs)));
}

export function openFilesPart(openFiles: OpenFiles | null): SubjectDetailDocument['openFiles'] {
  if (openFiles === null) return null;
  const { timeMs, open, looked, kinds, targets, sockets } = openFiles;
  return {
    time: new Date(timeMs).toISOString(),
    open,
    looked,
    summary: sentences(openFiles, 'fds'),
    kinds,
    targets: targets.map((target) => ({ ...target, text: targetText(target) })),
    sockets: sockets.map((group) => ({ ...group, text: socketText(group) })),
  };
}

export interface Held {
  openFiles: OpenFiles | null;
  zombies: number;
  processes: number | null;
}

/** The verdict with what is held in front of its reasons, where that is what leaks or is suspected to. */
export function withHeld(verdict: SubjectVerdict, held: () => Held): SubjectVerdict {
  if (!verdict.resources.some(isExplained)) return verdict;
  const known = held();
  const explain = <Kind extends ResourceVerdict>(one: Kind): Kind =>
    isExplained(one) ? { ...one, reasons: [...heldReasons(one.resource, known), ...one.reasons] } : one;
  return { ...explain(verdict), resources: verdict.resources.map(explain) };
}

function isExplained({ resource, verdict }: ResourceVerdict): boolean {
  return (verdict === 'leak' || verdict === 'suspect') && (resource === 'fds' || resource === 'sockets' || resource === 'processes');
}

function heldReasons(resource: Resource, { openFiles, zombies, processes }: Held): Reason[] {
  if (resource === 'processes') {
    if (zombies < fewestOfNote) return [];
    const of = processes === null ? '' : ` of its ${processes} processes`;
    return [{ rule: 'zombies', for: 'leak', text: `${zombies}${of} are zombies: they have ended, and their parent never waited for them` }];
  }
  if (openFiles === null) return [];
  return sentences(openFiles, resource).map((text) => ({ rule: 'open-files', for: 'leak', text }));
}

/** `412 of 512 open files are sockets in CLOSE_WAIT to 10.0.0.5:3306: connections not closed after the peer hung up`. */
function sentences(openFiles: OpenFiles, resource: Resource): string[] {
  const { open, looked, kinds, targets, sockets } = openFiles;
  const of = looked < open ? `the ${looked} open files (of ${open}) that were looked at` : `${open} open files`;
  const sentence = (count: number, text: string) => `${count} of ${of} are ${text}`;
  const groups = [
    ...sockets.map((group) => ({ count: group.count, text: `${socketText(group)}${meaning(socketMeaning(group))}${queueText(group)}` })),
    ...(resource === 'sockets'
      ? []
      : targets.map((target) => ({ count: target.count, text: `${targetText(target)}${meaning(targetMeaning(target))}` }))),
    ...(resource === 'sockets' ? [] : unnamedKinds(kinds, targets)),
  ];
  return groups
    .filter(({ count }) => count >= fewestOfNote && count >= looked * shareOfNote)
    .sort((a, b) => b.count - a.count)
    .slice(0, maxSentences)
    .map(({ count, text }) => sentence(count, text));
}

function meaning(text: string): string {
  return text === '' ? '' : `: ${text}`;
}

/** Pipes have no name; files may all have different ones. */
function unnamedKinds(kinds: OpenFiles['kinds'], targets: readonly TargetCount[]): { count: number; text: string }[] {
  return kinds.flatMap(({ kind, count }) => {
    if (kind === 'pipe') return [{ count, text: 'pipes' }];
    if (kind !== 'file' && kind !== 'deleted') return [];
    const example = targets.find((target) => target.kind === kind);
    if (example === undefined || example.count > 1) return [];
    const what = kind === 'file' ? 'files of many names' : 'files of many names, deleted while open';
    return [{ count, text: `${what}, such as ${example.name}` }];
  });
}

function socketText({ protocol, state, direction, local, peer }: SocketGroup): string {
  if (protocol === 'other') return 'sockets that are not connected, or of a kind that the kernel does not list';
  if (protocol !== 'tcp')
    return `${protocol} sockets, ${state}${local === null ? '' : `, ${protocol === 'udp' ? 'on' : 'of'} ${local}`}${peer === null ? '' : `, to ${peer}`}`;
  if (direction === 'out') return `sockets in ${state} to ${peer ?? 'several peers'}`;
  if (direction === 'in') return `sockets in ${state} on ${local} from ${peer ?? 'several clients'}`;
  return `sockets in ${state} on ${local}`;
}

function socketMeaning({ protocol, state, direction }: SocketGroup): string {
  if (protocol !== 'tcp') return '';
  const other = direction === 'in' ? 'client' : 'peer';
  if (state === 'CLOSE_WAIT') return `connections not closed after the ${other} hung up`;
  if (state === 'ESTABLISHED') return direction === 'in' ? 'clients that stay connected' : 'connections opened and kept';
  if (state === 'FIN_WAIT2') return `connections closed here, and not by the ${other}`;
  if (state === 'SYN_SENT') return 'connections that nobody answers';
  return '';
}

function queueText({ state, sendQueue, receiveQueue }: SocketGroup): string {
  if (state === 'LISTEN') return receiveQueue > 0 ? `, with ${receiveQueue} connections that wait to be accepted` : '';
  const unread = receiveQueue >= queueOfNote ? `, ${formatBytes(receiveQueue)} unread` : '';
  return `${unread}${sendQueue >= queueOfNote ? `, ${formatBytes(sendQueue)} unsent` : ''}`;
}

function targetText({ kind, name }: TargetCount): string {
  switch (kind) {
    case 'deleted':
      return `${name}, deleted`;
    case 'anon':
      return `${name} descriptors of the kernel`;
    case 'memfd':
      return `memory named ${name} (memfd)`;
    default:
      return name;
  }
}

function targetMeaning({ kind }: TargetCount): string {
  if (kind === 'deleted') return 'its room on disk comes back only when all are closed';
  return kind === 'file' ? 'one file, opened again and again' : '';
}
