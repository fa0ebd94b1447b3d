/** node:net puts what it tried into the errors inside. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : '';
  return error.message || inner || error.name;
}
