/** Saves what the daemon answers as a file. Not by a link: that would come without the token. Errors: ApiProblem. */
import { ask } from './api.ts';

const timeoutMs = 60_000;

export async function saveFile(path: string, name: string): Promise<void> {
  const response = await ask(path, AbortSignal.timeout(timeoutMs));
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
