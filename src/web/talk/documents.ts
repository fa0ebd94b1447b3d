/** The documents of the API, under the names this page uses. Types only: nothing of the server is in the bundle. */
import type {
  ActionsDocument,
  FindingsDocument,
  IncidentDocument,
  IncidentsDocument,
  SeriesDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  SubjectsDocument,
  WhereDocument,
} from '../../serve/schema.ts';

export type {
  ActionsDocument,
  ErrorDocument,
  FindingsDocument,
  IncidentDocument,
  IncidentRow,
  IncidentsDocument,
  MemoryNodeDocument,
  SeriesDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  SubjectsDocument,
  WhereDocument,
} from '../../serve/schema.ts';

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
export type Member = SubjectDetailDocument['members'][number];

/** Every document says when it was true. */
export type ApiDocument =
  | StatusDocument
  | SubjectsDocument
  | SubjectDetailDocument
  | SeriesDocument
  | FindingsDocument
  | WhereDocument
  | IncidentsDocument
  | IncidentDocument
  | ActionsDocument;
