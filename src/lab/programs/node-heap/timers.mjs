/** Each request starts an interval that is never cleared. */
import { serve } from './program.mjs';

class UploadState {
  constructor(id) {
    this.id = id;
    this.received = [id];
  }
}

await serve((id) => {
  const upload = new UploadState(id);
  setInterval(function checkUpload() {
    if (upload.received.length > 1_000_000) upload.received = [];
  }, 3_600_000).unref();
});
