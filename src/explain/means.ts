/** How a process may be explained. Apart from what does it: who offers the choice does not need all runtimes for that. */
export const meansOfExplaining = ['memory', 'inspector', 'samples', 'snapshot', 'uprobes'] as const;
export type Means = (typeof meansOfExplaining)[number];
