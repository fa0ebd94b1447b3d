import { type AuditFacts, type Check, type CheckResult, type Fix, good, unknown } from '../check.ts';

/** The normal death with swap is a livelock of half an hour: something in user space has to act before the kernel does. */
export const earlyKiller: Check = {
  id: 'early-killer',
  title: 'Something acts before the server stands still',
  weight: 8,
  look(facts) {
    const { programs, hasSystemd, earlyoomArguments } = facts;
    if (programs.size === 0) return unknown('Processes are not to be seen.');
    const oomd = programs.has('systemd-oomd');
    const earlyoom = programs.has('earlyoom');
    const other = [...programs].find((name) => name === 'nohang' || name === 'oomd' || name === 'psi-monitor');
    if (oomd && earlyoom) return both();
    if (oomd) return oomdResult(facts);
    if (earlyoom) return earlyoomResult(earlyoomArguments);
    if (other !== undefined) return good(`${other} runs.`);
    return {
      state: 'warning',
      found: 'Neither systemd-oomd nor earlyoom runs.',
      fixes: [installEarlyoom, ...(hasSystemd ? [installOomd] : [])],
    };
  },
};

const installEarlyoom: Fix = {
  text: 'Install earlyoom',
  command: 'apt-get install earlyoom',
  risk: 'It ends the process with the highest OOM score: protect the database first. One of the two is enough.',
};
const installOomd: Fix = {
  text: 'Or systemd-oomd, which ends whole services by pressure',
  command: 'apt-get install systemd-oomd',
  risk: 'It ends a whole service with all it does, and only where ManagedOOM is set; needs swap to work well.',
};

function both(): CheckResult {
  return {
    state: 'warning',
    found: 'systemd-oomd and earlyoom both run: which of them ends what is left to chance.',
    fixes: [{ text: 'Keep one', command: 'systemctl disable --now earlyoom', risk: 'systemd-oomd acts only where ManagedOOM is set.' }],
  };
}

function oomdResult({ services, swapTotalBytes }: AuditFacts): CheckResult {
  const watched = services.filter(({ config }) =>
    [...config.values].some(([key, values]) => /\.ManagedOOM(?:Swap|MemoryPressure)$/.test(key) && values.at(-1) === 'kill'),
  );
  if (watched.length === 0) {
    return {
      state: 'warning',
      found:
        'systemd-oomd runs, but no service that runs has ManagedOOMSwap or ManagedOOMMemoryPressure set to kill: it may have nothing to act on.',
      fixes: [
        {
          text: 'Have it watch system services by swap',
          command:
            "mkdir -p /etc/systemd/system/system.slice.d && printf '[Slice]\\nManagedOOMSwap=kill\\n' > /etc/systemd/system/system.slice.d/50-stanch.conf && systemctl daemon-reload",
          risk: 'When swap is 90 % full, the service with the most swap is ended, databases too.',
        },
      ],
    };
  }
  if (swapTotalBytes === 0)
    return { state: 'warning', found: 'systemd-oomd runs without swap: pressure rises too late for it.', fixes: [] };
  return good(`systemd-oomd watches ${watched.length} services.`);
}

function earlyoomResult(text: string | null): CheckResult {
  const least = Number(/(?:^|\s)-m\s*(\d{1,3})/.exec(text ?? '')?.[1] ?? 10);
  if (least >= 3) return good(`earlyoom runs, and acts below ${least} % of available memory.`);
  return {
    state: 'warning',
    found: `earlyoom acts only below ${least} % of available memory, which is late.`,
    fixes: [
      {
        text: 'Have it act at 5 %',
        command: "sed -i 's/-m *[0-9]*/-m 5/' /etc/default/earlyoom && systemctl restart earlyoom",
        risk: 'It acts earlier, also where the kernel would have got by.',
      },
    ],
  };
}
