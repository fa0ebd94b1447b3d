/** Busy processes of every runtime for `why` to be tried on: they keep or only turn over, exit, become another program, or fork meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startKeeper, whyNoKeeper } from '../keeper.ts';
import { startHeapProgram, whyNoHeapProgram } from '../naming/heapPrograms.ts';
import { findOnPath } from '../programs.ts';

export interface SafetyTarget {
  name: string;
  /** Why it can't run here; null: it can. */
  missing: string | null;
  /** It holds about as much all of the time, so that it can run near a limit. */
  isSteady: boolean;
  /** It ends, or is another program, by itself. */
  changes: boolean;
  start(): Promise<{ pid: number; stop(): Promise<void> }>;
}

type Tried = 'php' | 'java' | 'go' | 'ruby';
const heapPauses: Record<Tried, string> = { php: '3000', java: '5', go: '2', ruby: '0.003' };
const pythonPath = '/usr/bin/python3';
const noPython = findOnPath('python3') === null ? 'there is no python3 here' : null;

const nodeBusy = (kept: string) =>
  `class S{constructor(i){this.i=i;this.t='x'+i}};const k=new Map();let i=0;setInterval(()=>{for(let n=0;n<50;n++){i++;k.set(${kept},new S(i))}},5)`;
const pythonBusy = (rest: string) =>
  `import os,sys,time\nclass S:\n  def __init__(s,i): s.i=i\nk={}\ni=0\nend=time.time()+60\nwhile time.time()<end:\n  for _ in range(50):\n    i+=1\n    k[i%3000]=S(i)\n  time.sleep(.005)\n  ${rest}`;

export const safetyTargets: readonly SafetyTarget[] = [
  keeper('array', false),
  keeper('healthy', true),
  heap('php', 'static-array', false),
  heap('php', 'healthy-churn', true),
  heap('java', 'MapWithoutEviction', false),
  heap('java', 'HealthyChurn', false),
  heap('go', 'map_without_eviction', false),
  heap('ruby', 'hash_without_eviction', false),
  heap('ruby', 'healthy_cache', true),
  script('node, keeps', process.execPath, ['-e', nodeBusy('i')], {}),
  script('node, turns over', process.execPath, ['--max-semi-space-size=1', '-e', nodeBusy('i%3000')], { isSteady: true }),
  script('python, turns over', pythonPath, ['-c', pythonBusy('pass')], { isSteady: true }),
  script('python, exits', pythonPath, ['-c', pythonBusy('if i>6000: sys.exit(0)')], { changes: true }),
  script('python, becomes sleep', pythonPath, ['-c', pythonBusy('if i>6000: os.execv("/bin/sleep",["sleep","60"])')], { changes: true }),
  script('python, forks', pythonPath, ['-c', pythonBusy('if os.fork()==0: os._exit(0)\n  os.waitpid(-1,0)')], {}),
];

function keeper(kind: string, isSteady: boolean): SafetyTarget {
  return { name: `C, ${kind}`, missing: whyNoKeeper('c'), isSteady, changes: false, start: () => startKeeper('c', kind, 5_000, 20_000) };
}

function heap(language: Tried, program: string, isSteady: boolean): SafetyTarget {
  const start = () => startHeapProgram(language, program, heapPauses[language]);
  return { name: `${language}, ${program}`, missing: whyNoHeapProgram(language), isSteady, changes: false, start };
}

function script(
  name: string,
  command: string,
  args: string[],
  { isSteady = false, changes = false }: { isSteady?: boolean; changes?: boolean },
): SafetyTarget {
  const start = async () => {
    const child = spawn(command, args, { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    const stop = async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    };
    return { pid: child.pid ?? 0, stop };
  };
  return { name, missing: command === pythonPath ? noPython : null, isSteady, changes, start };
}
