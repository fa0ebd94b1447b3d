/** Evidence in the formats that other tools read. */
import type { Evidence } from '../../model/evidence.ts';
import { collapsed } from './collapsed.ts';
import { pprof } from './pprof.ts';
import { speedscope } from './speedscope.ts';

export const exportFormats = ['json', 'pprof', 'speedscope', 'collapsed'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export function exportEvidence(evidence: Evidence, format: ExportFormat): string | Buffer {
  switch (format) {
    case 'json':
      return `${JSON.stringify(evidence, null, 2)}\n`;
    case 'pprof':
      return pprof(evidence);
    case 'speedscope':
      return speedscope(evidence);
    case 'collapsed':
      return collapsed(evidence);
  }
}
