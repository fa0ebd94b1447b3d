/** The documents of the API, under the names this page uses. Types only: nothing of the server is in the bundle. */
import type {
  ActionsDocument,
  AdviceDocument,
  EvidenceListDocument,
  EvidencePlanDocument,
  FindingsDocument,
  HardeningDocument,
  HostHistoryDocument,
  IncidentDocument,
  IncidentsDocument,
  LivesDocument,
  ReportDocument,
  SeriesDocument,
  SessionDocument,
  SettingsDocument,
  SinceDocument,
  SparksDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  SubjectsDocument,
  WhereDocument,
  WorkloadsDocument,
} from '../../serve/schema.ts';

export type {
  ActionsDocument,
  AdviceDocument,
  ErrorDocument,
  EvidenceListDocument,
  EvidencePlanDocument,
  FindingsDocument,
  HardeningDocument,
  HostHistoryDocument,
  IncidentDocument,
  IncidentRow,
  IncidentsDocument,
  LivesDocument,
  MemoryNodeDocument,
  ReportDocument,
  SeriesDocument,
  SessionDocument,
  SettingsDocument,
  SinceDocument,
  SparksDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  SubjectsDocument,
  WhereDocument,
  WorkloadRow,
  WorkloadsDocument,
} from '../../serve/schema.ts';

export type Stage = StatusDocument['condition']['stage'];
export type Verdict = SubjectRow['verdict']['resources'][number];
export type VerdictWord = Verdict['verdict'];
export type Resource = Verdict['resource'];
export type Reason = Verdict['reasons'][number];
export type Slope = NonNullable<Verdict['slope']>;
export type Exhaustion = NonNullable<Verdict['exhaustion']>;
export type Finding = FindingsDocument['findings'][number];
export type OpenFiles = NonNullable<SubjectDetailDocument['openFiles']>;
export type ActionPlan = ActionsDocument['proposals'][number]['plan'];
export type Action = ActionsDocument['actions'][number];
export type Proposal = ActionsDocument['proposals'][number];
export type Evidence = EvidenceListDocument['evidence'][number];
export type GrowingPart = Evidence['grows'][number];
export type Means = EvidencePlanDocument['means'];
export type ExplainJob = NonNullable<EvidenceListDocument['job']>;
export type Recommendation = AdviceDocument['advice'][number]['recommendations'][number];
export type SinceWhen = SinceDocument['subjects'][number];
export type Life = LivesDocument['lives'][number];
export type Member = SubjectDetailDocument['members'][number];

/** Every document says when it was true. */
export type ApiDocument =
  | StatusDocument
  | SubjectsDocument
  | WorkloadsDocument
  | SparksDocument
  | SubjectDetailDocument
  | SeriesDocument
  | FindingsDocument
  | WhereDocument
  | IncidentsDocument
  | IncidentDocument
  | ActionsDocument
  | EvidenceListDocument
  | EvidencePlanDocument
  | LivesDocument
  | AdviceDocument
  | SinceDocument
  | HardeningDocument
  | HostHistoryDocument
  | ReportDocument
  | SessionDocument
  | SettingsDocument;
