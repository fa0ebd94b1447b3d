/**
 * A container by its cgroup path: docker, podman, Kubernetes, containerd, CRI-O, LXC, nspawn, and virtual machines of libvirt.
 * Application containers are known by the name that they were given, else by their id; system containers by their name and the unit inside.
 * Paths of both drivers of cgroups: `/docker/ID`, `/system.slice/docker-ID.scope`, `/kubepods/burstable/podUID/ID`,
 * `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/cri-containerd-ID.scope`.
 */
import { normaliseName } from './normalise.ts';
import { unitOfPath } from './systemdUnit.ts';
import { cgroupPaths, type ProcessFacts, type WorkloadIdentity, type WorkloadRule } from './workloadRule.ts';

const shortIdLength = 12;
const applicationContainers: readonly { runtime: string; path: RegExp }[] = [
  // First: docker may run the containers of Kubernetes, under names that change with every pod.
  { runtime: 'kubernetes', path: /\/(?:[\w-]+-)?kubepods[^/]*(?:\/[^/]+){0,3}\/(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'docker', path: /\/docker[/-]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'podman', path: /\/libpod-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'cri-o', path: /\/crio-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'containerd', path: /(?:\/|:)(?:cri-containerd|nerdctl|containerd)[:-]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'containerd', path: /^\/(?:k8s\.io|default|moby)\/([0-9a-f]{64})(?:\/|$)/ },
];
/** `web.1.x8s9…`: replicas of a service of docker swarm, made anew under a made-up ending. */
const swarmTask = /\.\d{1,5}\.[0-9a-z]{25}$/;
const systemContainers: readonly { runtime: string; path: RegExp }[] = [
  { runtime: 'lxc', path: /(?:^\/lxc\/|\/lxc\.payload[./])([\w.-]{1,128})(\/.*)?$/ },
  // The number is that of the start.
  { runtime: 'qemu', path: /^\/machine\.slice\/machine-qemu\\x2d\d+\\x2d([\w.\\-]{1,128})\.scope(\/.*)?$/ },
  { runtime: 'nspawn', path: /^\/machine\.slice\/(?:systemd-nspawn@|machine-)([\w.\\-]{1,128})\.(?:service|scope)(\/.*)?$/ },
];

export const container: WorkloadRule = (facts) => {
  for (const path of cgroupPaths(facts.cgroup)) {
    const found = applicationContainer(path, facts) ?? systemContainer(path);
    if (found !== null) return found;
  }
  return null;
};

function applicationContainer(path: string, facts: ProcessFacts): WorkloadIdentity | null {
  for (const { runtime, path: pattern } of applicationContainers) {
    const id = pattern.exec(path)?.[1];
    if (id === undefined) continue;
    const given = facts.names.container(runtime, id) ?? pauseContainer(runtime, facts);
    const name = given === null ? null : `${runtime} ${normaliseName(given.replace(swarmTask, ''))}`;
    return { origin: 'container', key: name ?? id, name: name ?? `${runtime} ${id.slice(0, shortIdLength)}` };
  }
  return null;
}

/** The one that holds the namespaces of a pod: Kubernetes has no name for it, and one for each pod is of interest to nobody. */
function pauseContainer(runtime: string, { argv }: ProcessFacts): string | null {
  return runtime === 'kubernetes' && argv[0] === '/pause' ? 'pause containers' : null;
}

function systemContainer(path: string): WorkloadIdentity | null {
  for (const { runtime, path: pattern } of systemContainers) {
    const match = pattern.exec(path);
    if (match?.[1] === undefined) continue;
    const name = `${runtime} ${match[1].replaceAll('\\x2d', '-')}`;
    const unit = unitOfPath(match[2] ?? '');
    return unit === null
      ? { origin: 'container', key: name, name }
      : { origin: 'container', key: `${name}/${unit.name}`, name: `${name}: ${unit.name}` };
  }
  return null;
}
