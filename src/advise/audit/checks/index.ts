/** Every check, in the order they are shown in: what takes a server down first. */
import type { Check } from '../check.ts';
import { coreDumps } from './coreDumps.ts';
import { earlyKiller } from './earlyKiller.ts';
import { hugePages } from './hugePages.ts';
import { journal } from './journal.ts';
import { limits } from './limits.ts';
import { openFiles } from './openFiles.ts';
import { overcommit } from './overcommit.ts';
import { panicOnOom } from './panicOnOom.ts';
import { restartStorm } from './restartStorm.ts';
import { swap } from './swap.ts';
import { swappiness } from './swappiness.ts';
import { unused } from './unused.ts';
import { vital } from './vital.ts';

export const checks: readonly Check[] = [
  limits,
  vital,
  swap,
  earlyKiller,
  panicOnOom,
  restartStorm,
  unused,
  overcommit,
  openFiles,
  journal,
  swappiness,
  coreDumps,
  hugePages,
];
