/**
 * A container by its cgroup path: docker, podman, containerd and CRI-O (with or without Kubernetes), LXC, nspawn.
 * Application containers are known by the name that they were given, else by their id; system containers (LXC, nspawn) by their name and the unit inside.
 */
import { unitOfPath } from './systemdUnit.ts';
import { cgroupPaths, type ProcessFacts, type WorkloadIdentity, type WorkloadRule } from './workloadRule.ts';

const shortIdLength = 12;
const applicationContainers: readonly { runtime: string; path: RegExp }[] = [
  { runtime: 'docker', path: /\/docker[/-]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'podman', path: /\/libpod-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'cri-o', path: /\/crio-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'containerd', path: /(?:\/|:)(?:cri-containerd|nerdctl|containerd)[:-]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'kubernetes', path: /\/kubepods[^/]*(?:\/[^/]+){0,3}\/(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?(?:\/|$)/ },
  { runtime: 'containerd', path: /^\/(?:k8s\.io|default|moby)\/([0-9a-f]{64})(?:\/|$)/ },
];
const systemContainers: readonly { runtime: string; path: RegExp }[] = [
  { runtime: 'lxc', path: /^\/lxc(?:\.payload)?[./]([\w.-]{1,128})(\/.*)?$/ },
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
    const name = facts.containerName(runtime, id);
    return {
      origin: 'container',
      key: name === null ? id : `${runtime} ${name}`,
      name: `${runtime} ${name ?? id.slice(0, shortIdLength)}`,
    };
  }
  return null;
}

function systemContainer(path: string): WorkloadIdentity | null {
  for (const { runtime, path: pattern } of systemContainers) {
    const match = pattern.exec(path);
    if (match?.[1] === undefined || match[1] === 'monitor') continue;
    const name = `${runtime} ${match[1].replaceAll('\\x2d', '-')}`;
    const unit = unitOfPath(match[2] ?? '');
    return unit === null
      ? { origin: 'container', key: name, name }
      : { origin: 'container', key: `${name}/${unit.name}`, name: `${name}: ${unit.name}` };
  }
  return null;
}
