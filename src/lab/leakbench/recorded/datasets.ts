import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StanchError } from '../../../model/errors.ts';
import type { BenchCase } from '../case.ts';
import { esoVlt } from './esoVlt.ts';
import { alibaba, android, bitbrains, kubeedge, llmServer } from './hosts.ts';
import { labelled } from './labelled.ts';
import { nezha } from './nezha.ts';
import { recordedProc } from './recordedProc.ts';
import { caseOf, type RecordedGroup, type Recording } from './recording.ts';
import { type Row, readTable } from './table.ts';

/** A folder of recordings of one kind, as the data sets' README lays them out. */
interface DataSet {
  /** Its name, or what names of such folders look like. */
  folder: string | RegExp;
  group: RecordedGroup;
  /** Which of its files are series. */
  series: RegExp;
  /** Played as recorded, and faster: what was recorded under accelerated load is also judged in the time that it stands for. */
  speeds: number[];
  read: (name: string, rows: Row[], beside: (file: string) => Row[]) => Recording[];
}

const dataSets: DataSet[] = [
  {
    folder: 'recorded_proc',
    group: 'recorded',
    series: /^[a-z]\w*\.csv\.gz$/,
    speeds: [1, 144],
    read: (name, rows, beside) => recordedProc(name, rows, beside('labels.csv'), beside('_system.csv.gz')),
  },
  {
    folder: 'eso_vlt',
    group: 'recorded',
    series: /^tdcsarv_1s_\d+\.csv$/,
    speeds: [1, 144],
    read: (name, rows) => esoVlt(name.replace(/.*_/, ''), rows),
  },
  { folder: 'kubeedge_aging', group: 'recorded', series: /(aging|train)_constant\.csv$/, speeds: [1], read: kubeedge },
  { folder: 'llm_server_aging', group: 'recorded', series: /\.csv\.gz$/, speeds: [1], read: llmServer },
  { folder: 'nezha', group: 'observed', series: /\.csv\.gz$/, speeds: [1, 10], read: nezha },
  { folder: 'bitbrains_rnd', group: 'observed', series: /\.csv\.gz$/, speeds: [1], read: bitbrains },
  { folder: 'alibaba2018_machines', group: 'observed', series: /\.csv\.gz$/, speeds: [1], read: alibaba },
  { folder: 'android_aging', group: 'observed', series: /\.csv\.gz$/, speeds: [1], read: android },
  {
    folder: /^labelled/,
    group: 'labelled',
    series: /^(?!labels\.).*\.csv(\.gz)?$/,
    speeds: [1],
    read: (_name, rows, beside) => labelled(rows, beside('labels.csv')),
  },
];

/** One file of one set, at one speed. */
export interface RecordedFile {
  folder: string;
  file: string;
  speed: number;
  group: RecordedGroup;
}

/** The recordings below `dataDir`; sets that are not there are left out. */
export function recordedFiles(dataDir: string): RecordedFile[] {
  return listFolder(dataDir).flatMap((folder) => {
    const set = dataSetOf(folder);
    if (set === undefined) return [];
    const files = listFolder(join(dataDir, folder)).filter((file) => set.series.test(file));
    return files.flatMap((file) => set.speeds.map((speed) => ({ folder, file, speed, group: set.group })));
  });
}

function dataSetOf(folder: string): DataSet | undefined {
  return dataSets.find((set) => (typeof set.folder === 'string' ? set.folder === folder : set.folder.test(folder)));
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).toSorted();
  } catch (cause) {
    throw new StanchError('STANCH_E_NO_INPUT', {
      expected: 'a folder of recorded series',
      found: `${path}, which cannot be read`,
      next: 'Give the folder with --data or STANCH_DATASETS.',
      cause,
    });
  }
}

/** Reads the series of one file as cases. */
export function readRecorded(dataDir: string, { folder, file, speed }: RecordedFile): BenchCase[] {
  const set = dataSetOf(folder);
  if (set === undefined) return [];
  const beside = (name: string) => readTable(join(dataDir, folder, name));
  const recordings = set.read(basename(file).replace(/\.csv(\.gz)?$/, ''), beside(file), beside);
  return recordings.filter(({ points }) => points.length > 1).map((recording) => caseOf(recording, folder, set.group, speed));
}
