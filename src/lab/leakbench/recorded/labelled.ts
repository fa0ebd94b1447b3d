/**
 * Series that another generator wrote: files with `time,subject,anon_bytes` (Unix seconds, bytes), and beside them a `labels.csv` with
 * `subject,family,label,onset_unix,exhaustion_unix,slope_bytes_per_hour`, of which the last three may be empty.
 */
import type { Point, Recording } from './recording.ts';
import { numberIn, type Row } from './table.ts';

export function labelled(rows: Row[], labels: Row[]): Recording[] {
  const pointsOf = new Map<string, Point[]>();
  for (const row of rows) {
    const name = row.subject ?? '';
    const point: Point = { timeMs: numberIn(row, 'time') * 1000 };
    const anonBytes = numberIn(row, 'anon_bytes');
    if (!Number.isNaN(anonBytes)) point.anonBytes = anonBytes;
    const points = pointsOf.get(name);
    if (points === undefined) pointsOf.set(name, [point]);
    else points.push(point);
  }
  return labels.flatMap((row) => {
    const points = pointsOf.get(row.subject ?? '');
    return points === undefined ? [] : [recordingOf(row, points)];
  });
}

function recordingOf(row: Row, points: Point[]): Recording {
  const leaks = row.label === 'leak';
  const recording: Recording = {
    name: row.subject ?? '',
    label: leaks ? 'leak' : 'healthy',
    resource: 'memory',
    points,
    kind: row.family ?? '',
  };
  const onset = numberIn(row, 'onset_unix');
  const exhaustion = numberIn(row, 'exhaustion_unix');
  const slope = numberIn(row, 'slope_bytes_per_hour');
  if (leaks && !Number.isNaN(onset)) recording.onsetMs = onset * 1000;
  if (leaks && !Number.isNaN(exhaustion)) recording.exhaustionMs = exhaustion * 1000;
  if (leaks && !Number.isNaN(slope)) recording.slopePerHour = slope;
  return recording;
}
