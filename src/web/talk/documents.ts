/** The documents of the API, under the names this page uses. Types only: nothing of the server is in the bundle. */
import type {
  FindingsDocument,
  SeriesDocument,
  StatusDocument,
  SubjectDetailDocument,
  SubjectRow,
  SubjectsDocument,
  WhereDocument,
} from '../../serve/schema.ts';

export type {
  ErrorDocument,
  FindingsDocument,
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
export type Member = SubjectDetailDocument['members'][number];

/** Every document says when it was true. */
export type ApiDocument = StatusDocument | SubjectsDocument | SubjectDetailDocument | SeriesDocument | FindingsDocument | WhereDocument;
