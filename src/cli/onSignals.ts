/** As a shell would see them. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Aborts at the first signal, with the exit code for it; a second one ends the program at once, as without us. */
export function onSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(exitCodes[signal]));
  return controller.signal;
}
