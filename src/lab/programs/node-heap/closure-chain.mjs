/** Each result keeps the one before, through the variables that its functions share. */
import { serve } from './program.mjs';

class ReportResult {
  constructor(id, render) {
    this.id = id;
    this.rows = Array.from({ length: 10 }, () => id);
    this.render = render;
  }
}

let latestReport = null;

function makeReport(id) {
  const previous = latestReport;
  const compare = () => previous?.id === id;
  latestReport = new ReportResult(id, () => compare.length);
}

await serve((id) => makeReport(id));
