/** How a process may be explained, what costs it least first. Apart from what does it: who offers the choice does not need all runtimes for that. */
export const meansOfExplaining = ['memory', 'inspector', 'samples', 'uprobes', 'snapshot'] as const;
export type Means = (typeof meansOfExplaining)[number];
