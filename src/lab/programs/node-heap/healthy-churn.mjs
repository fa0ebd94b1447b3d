/** Much that comes and goes: batches that are written and emptied, timers that are cleared, promises that are kept. */
import { serve } from './program.mjs';

let batch = [];
const open = [];

class Row {
  constructor(id) {
    this.id = id;
    this.cells = [id, `${id}`, { id }];
  }
}

await serve((id) => {
  for (let part = 0; part < 10; part += 1) batch.push(new Row(id * 10 + part));
  if (batch.length >= 7_000) batch = [];
  open.push(setTimeout(() => batch.length, 60_000));
  if (open.length > 200) clearTimeout(open.shift());
  void Promise.resolve(id).then((value) => new Row(value));
});
