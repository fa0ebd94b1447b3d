import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify } from './factsForTests.ts';
import { noNames } from './workloadRule.ts';

const id = `${'f'.repeat(40)}0123456789abcdef01234567`;
const pod = '1f3c5b7a-0d2e-4c66-9a51-7e1f00aa11bb';
const slice = `kubepods-burstable-pod${pod.replaceAll('-', '_')}.slice`;
const thing = ['/usr/bin/thing'];
const named = (cgroup: string, name: string, argv = thing) => identify(cgroup, argv, { names: { ...noNames, container: () => name } });

test('by the paths of every runtime, both drivers, v1, v2 and hybrid', () => {
  const paths: [string, string][] = [
    [`0::/system.slice/docker-${id}.scope`, 'docker ffffffffffff'],
    [`4:memory:/docker/${id}\n1:name=systemd:/docker/${id}`, 'docker ffffffffffff'],
    [`1:name=systemd:/system.slice/docker-${id}.scope\n0::/system.slice/docker-${id}.scope`, 'docker ffffffffffff'],
    [`0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`, 'docker ffffffffffff'],
    [`0::/system.slice/docker-${id}.scope/init.scope`, 'docker ffffffffffff'],
    [`0::/machine.slice/libpod-${id}.scope/container`, 'podman ffffffffffff'],
    [`0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, 'podman ffffffffffff'],
    [
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_${id}.slice/libpod-${id}.scope/container`,
      'podman ffffffffffff',
    ],
    [`0::/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${id}.scope`, 'kubernetes ffffffffffff'],
    [`0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/crio-${id}.scope`, 'kubernetes ffffffffffff'],
    [`0::/kubepods.slice/kubepods-pod1.slice/docker-${id}.scope`, 'kubernetes ffffffffffff'],
    [`4:memory:/kubepods/burstable/pod${pod}/${id}`, 'kubernetes ffffffffffff'],
    [`0::/kubepods/pod${pod}/${id}`, 'kubernetes ffffffffffff'],
    [`0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice/cri-containerd-${id}.scope`, 'kubernetes ffffffffffff'],
    [`1:name=systemd:/system.slice/containerd.service/${slice}:cri-containerd:${id}`, 'containerd ffffffffffff'],
    [`0::/system.slice/nerdctl-${id}.scope`, 'containerd ffffffffffff'],
    [`4:memory:/k8s.io/${id}`, 'containerd ffffffffffff'],
    ['0::/lxc.payload.web/init.scope', 'lxc web'],
    ['0::/lxc.payload.web/system.slice/nginx.service', 'lxc web: nginx.service'],
    ['4:memory:/lxc/web', 'lxc web'],
    ['0::/lxc/101/ns/system.slice/nginx.service', 'lxc 101: nginx.service'],
    ['0::/user.slice/user-1000.slice/session-3.scope/lxc.payload.web', 'lxc web'],
    ['0::/machine.slice/systemd-nspawn@mail.service/payload/system.slice/postfix.service', 'nspawn mail: postfix.service'],
    ['0::/machine.slice/machine-web\\x2d1.scope/payload/system.slice/nginx.service', 'nspawn web-1: nginx.service'],
    ['0::/machine.slice/machine-qemu\\x2d12\\x2dshop.scope/libvirt/emulator', 'qemu shop'],
  ];
  for (const [cgroup, expected] of paths) {
    const found = identify(cgroup, thing);
    assert.deepEqual([found.origin, found.name], ['container', expected], cgroup);
  }
});

test('what watches a container is not in it', () => {
  for (const cgroup of [`0::/machine.slice/libpod-conmon-${id}.scope`, `0::/system.slice/crio-conmon-${id}.scope`, '0::/lxc.monitor.web']) {
    assert.equal(identify(cgroup, ['/usr/bin/conmon', '-c', id]).name, 'conmon -c * (deploy)', cgroup);
  }
});

test('one that was made anew is the same workload when it has the same name, whichever runtime runs it now', () => {
  assert.deepEqual(named(`0::/system.slice/docker-${id}.scope`, 'shop'), named(`0::/system.slice/docker-${'0'.repeat(64)}.scope`, 'shop'));
  assert.equal(named(`0::/system.slice/docker-${id}.scope`, 'shop').name, 'docker shop');
  const containerd = named(`0::/kubepods.slice/${slice}/cri-containerd-${id}.scope`, 'shop/web/nginx');
  assert.deepEqual(containerd, named(`0::/kubepods.slice/${slice}/crio-${id}.scope`, 'shop/web/nginx'));
  assert.equal(containerd.name, 'kubernetes shop/web/nginx');
});

test('what was made up for one run is left out of a name', () => {
  const names: [string, string][] = [
    ['shop-worker-run-1a2b3c4d5e6f', 'docker shop-worker-run-*'],
    ['web.2.k8s9xq0e1z2c3v4b5n6m7l8p9', 'docker web'],
    [`task-${pod}`, 'docker task-*'],
    ['shop-web-1', 'docker shop-web-1'],
  ];
  for (const [given, expected] of names) assert.equal(named(`0::/system.slice/docker-${id}.scope`, given).name, expected);
});

test('the containers that only hold a pod together are one workload', () => {
  const pause = (last: string) => identify(`0::/kubepods.slice/${slice}/cri-containerd-${id.slice(0, 63)}${last}.scope`, ['/pause']);
  assert.deepEqual(pause('1'), pause('2'));
  assert.equal(pause('1').name, 'kubernetes pause containers');
});
