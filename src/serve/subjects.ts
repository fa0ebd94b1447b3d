/** `/api/v1/subjects` and `/api/v1/subjects/{id}`. */
import type { Sample } from '../model/gauge.ts';
import { valueOrNull } from '../model/reading.ts';
import { hostSubject, type Subject } from '../model/subject.ts';
import type { SubjectVerdict } from '../model/verdict.ts';
import type { OpenFiles } from '../sample/openFiles/openFiles.ts';
import type { ProcessSample, Scan } from '../sample/scan.ts';
import { findingPart } from './findings.ts';
import { type Held, openFilesOfWorkload, openFilesPart, withHeld } from './openFiles.ts';
import { privateBytesOf, subjectRow, timeText } from './rows.ts';
import type { SparksDocument, SubjectDetailDocument, SubjectRow, SubjectsDocument, WorkloadRow, WorkloadsDocument } from './schema.ts';
import type { LiveSource } from './source.ts';
import { type Listable, type ListQuery, listPage } from './subjectList.ts';
import { listedVerdict, unjudgedVerdict, verdictOf, workloadsByConcern, workloadVerdict } from './verdictView.ts';

const maxMembers = 200;

export function subjectsDocument(source: LiveSource, query: ListQuery & { kind: 'process' | 'workload' }): SubjectsDocument {
  const scan = source.scan();
  const all = query.kind === 'workload' ? workloads(source) : processes(source, scan);
  const { rows, matching, offset } = listPage(all, query);
  return {
    schema: 'stanch.subjects/1',
    time: new Date(scan.timeMs).toISOString(),
    total: all.length,
    matching,
    offset,
    subjects: rows.map((listed) => listed.row()),
  };
}

/** As many as are asked for, each in few words: whoever has all of them sorts and filters without asking. */
export function workloadsDocument(source: LiveSource, limit: number): WorkloadsDocument {
  const all = workloads(source);
  return {
    schema: 'stanch.workloads/1',
    time: new Date(source.scan().timeMs).toISOString(),
    total: all.length,
    workloads: all.slice(0, limit).map((listed) => listed.workloadRow()),
  };
}

/** `of`: ids of subjects; of those that are not judged it has no points. */
export function sparksDocument(source: LiveSource, of: readonly string[]): SparksDocument {
  return {
    schema: 'stanch.sparks/1',
    time: new Date(source.scan().timeMs).toISOString(),
    sparks: of.map((id) => ({ id, spark: source.judged(id)?.spark() ?? [] })),
  };
}

/** One of thousands of which a page is shown: what it is ordered by is read when it is, and its row is made when it is shown. */
class Listed implements Listable {
  readonly #verdict: SubjectVerdict;
  readonly #subject: Subject;
  readonly #seen: { sample: Sample; zombies: number };
  readonly #spark: () => (number | null)[];

  constructor(subject: Subject, seen: { sample: Sample; zombies: number }, verdict: SubjectVerdict, spark: () => (number | null)[]) {
    this.#subject = subject;
    this.#seen = seen;
    this.#verdict = verdict;
    this.#spark = spark;
  }

  get name() {
    return this.#subject.name;
  }
  get user() {
    return this.#subject.user ?? null;
  }
  get account() {
    return this.#subject.account ?? null;
  }
  get domain() {
    return this.#subject.domain ?? null;
  }
  get origin() {
    return this.#subject.origin ?? null;
  }
  get privateBytes() {
    return privateBytesOf(this.#seen.sample);
  }
  get swapBytes() {
    return valueOrNull(this.#seen.sample.swapBytes);
  }
  get fds() {
    return valueOrNull(this.#seen.sample.fds);
  }
  get threads() {
    return valueOrNull(this.#seen.sample.threads);
  }
  get processes() {
    return valueOrNull(this.#seen.sample.processes);
  }

  get verdict() {
    return this.#verdict.verdict;
  }
  get growth() {
    return sureGrowth(this.#verdict);
  }

  /** In a list its verdict is shorter than in its own document. */
  row(): SubjectRow {
    return subjectRow(this.#subject, this.#seen, listedVerdict(this.#verdict), this.#spark());
  }

  wholeRow(): SubjectRow {
    return subjectRow(this.#subject, this.#seen, this.#verdict, this.#spark());
  }

  /** As one of all. */
  workloadRow(): WorkloadRow {
    const { name, user, account, domain, origin, privateBytes, swapBytes, fds, threads, processes, verdict, growth } = this;
    const { resource } = this.#verdict;
    const { id } = this.#subject;
    return { id, name, user, account, domain, origin, privateBytes, swapBytes, fds, threads, processes, verdict, resource, growth };
  }
}

/** Of private memory, bytes an hour; null unless its interval leaves zero out: noise is not growth. */
function sureGrowth({ resources }: SubjectVerdict): number | null {
  const slope = resources.find(({ resource }) => resource === 'memory')?.slope ?? null;
  return slope !== null && (slope.low > 0 || slope.high < 0) ? slope.perHour : null;
}

function workloads(source: LiveSource): Listed[] {
  return workloadsByConcern(source).map(
    ({ workload, verdict }) => new Listed(workload.subject, workload, verdict, () => source.judged(workload.subject.id)?.spark() ?? []),
  );
}

function processes(source: LiveSource, scan: Scan): Listed[] {
  const memberCounts = new Map(scan.workloads.map((workload) => [workload.subject.id, workload.memberIds.length]));
  return scan.processes
    .map((process) => listedProcess(source, process, memberCounts.get(process.subject.workloadId ?? '') ?? 0))
    .sort((one, other) => (other.privateBytes ?? -1) - (one.privateBytes ?? -1));
}

/** A process that is alone in its workload is judged as that; others on their own once they have grown. */
function listedProcess(source: LiveSource, process: ProcessSample, memberCount: number): Listed {
  const { subject } = process;
  const judgedId = memberCount === 1 && subject.workloadId !== undefined ? subject.workloadId : subject.id;
  const judged = source.judged(judgedId);
  const verdict =
    judged?.verdict ?? unjudgedVerdict(subject.name, 'not-watched', 'Not judged on its own: it has not grown since stanch first saw it.');
  return new Listed(
    subject,
    process,
    withHeld(verdict, () => heldByProcess(process)),
    () => judged?.spark() ?? [],
  );
}

/** null: no such subject now. */
export function subjectDetail(source: LiveSource, subjectId: string): SubjectDetailDocument | null {
  const scan = source.scan();
  const row = findRow(source, scan, subjectId);
  if (row === null) return null;
  return {
    schema: 'stanch.subject/1',
    time: new Date(scan.timeMs).toISOString(),
    subject: row,
    members: row.kind === 'workload' ? members(scan, subjectId) : [],
    openFiles: openFilesPart(openFilesOf(scan, row)),
    findings: source.store
      .findings({ limit: 500 })
      .filter((finding) => finding.subjectId === subjectId)
      .slice(0, 50)
      .map(findingPart),
  };
}

function openFilesOf(scan: Scan, { id, kind }: SubjectRow): OpenFiles | null {
  if (kind === 'workload') return openFilesOfWorkload(scan, id);
  return scan.processes.find(({ subject }) => subject.id === id)?.openFiles ?? null;
}

function heldByProcess({ openFiles, zombies, sample }: ProcessSample): Held {
  return { openFiles, zombies, processes: valueOrNull(sample.processes) };
}

function findRow(source: LiveSource, scan: Scan, subjectId: string): SubjectRow | null {
  const judged = source.judged(subjectId);
  if (subjectId === hostSubject.id) {
    const zombies = scan.processes.filter(({ state }) => state === 'Z').length;
    return subjectRow(hostSubject, { sample: scan.host.sample, zombies }, verdictOf(source, hostSubject), judged?.spark() ?? []);
  }
  const workload = scan.workloads.find(({ subject }) => subject.id === subjectId);
  if (workload !== undefined) {
    return subjectRow(workload.subject, workload, workloadVerdict(source, workload), judged?.spark() ?? []);
  }
  const process = scan.processes.find(({ subject }) => subject.id === subjectId);
  if (process === undefined) return null;
  const siblings = scan.workloads.find(({ subject }) => subject.id === process.subject.workloadId);
  return listedProcess(source, process, siblings?.memberIds.length ?? 0).wholeRow();
}

function members(scan: Scan, workloadId: string): SubjectDetailDocument['members'] {
  return scan.processes
    .filter((process) => process.subject.workloadId === workloadId)
    .map((process) => ({
      id: process.subject.id,
      pid: process.id.pid,
      command: process.command,
      state: process.state,
      startTime: timeText(process.sample.startTimeMs),
      privateBytes: privateBytesOf(process.sample),
      fds: valueOrNull(process.sample.fds),
      threads: valueOrNull(process.sample.threads),
      zombies: process.zombies,
    }))
    .sort((a, b) => (b.privateBytes ?? -1) - (a.privateBytes ?? -1))
    .slice(0, maxMembers);
}
