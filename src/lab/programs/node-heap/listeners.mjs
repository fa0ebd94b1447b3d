/** Each request listens to changes of the settings, and never stops. */
import { EventEmitter } from 'node:events';
import { serve } from './program.mjs';

const settings = new EventEmitter();
settings.setMaxListeners(0);

await serve((id) => {
  const request = { id, path: `/orders/${id}` };
  settings.on('changed', function onSettingsChanged() {
    request.isStale = true;
  });
});
