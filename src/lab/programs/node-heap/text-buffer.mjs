/** A log that is put together and never flushed. */
import { serve } from './program.mjs';

let pendingLog = '';

await serve((id) => {
  pendingLog += `GET /orders/${id} 200 as the access log would have it, with some more words\n`;
  if (pendingLog.length > 2 ** 28) pendingLog = '';
});
