/** Accounts of people and customers, as distributions number them: UID_MIN to UID_MAX of login.defs(5). */
import type { ProcessFacts } from './workloadRule.ts';

const firstUid = 1000;
const lastUid = 60000;

export function isAccountUser({ uid }: ProcessFacts): boolean {
  return uid !== null && uid >= firstUid && uid <= lastUid;
}
