/** The cascade in the words of people who see it for the first time. */
import type { Stage } from '../talk/documents.ts';

const words: Record<Stage, { name: string; text: string }> = {
  healthy: { name: 'Healthy', text: 'There is memory to be had.' },
  filling: { name: 'Filling', text: 'Memory fills up; nothing is slow yet.' },
  swapping: { name: 'Swapping', text: 'Memory in use is moved to swap: disks work for it.' },
  stalling: { name: 'Stalling', text: 'Programs wait for memory. Pages, ssh and FTP become slow.' },
  starving: { name: 'Starving', text: 'Hardly anything gets on: this is how such servers die.' },
  killing: { name: 'Killing', text: 'The kernel ends processes to get memory back.' },
};

/** From well to worst. */
export const stages: readonly Stage[] = ['healthy', 'filling', 'swapping', 'stalling', 'starving', 'killing'];

export function stageWord(stage: Stage): { name: string; text: string } {
  return words[stage];
}
