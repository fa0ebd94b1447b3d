import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ContainerNames } from './containerNames.ts';

const root = mkdtempSync(join(tmpdir(), 'stanch-containers-'));
after(() => rmSync(root, { recursive: true }));
const id = 'ab'.repeat(32);
const other = 'cd'.repeat(32);

function put(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

test('docker: the name in the settings of the container', () => {
  put(`lib/docker/containers/${id}/config.v2.json`, `{"ID":"${id}","Config":{"Hostname":"x"},"Name":"/shop-web-1","Driver":"overlay2"}`);
  assert.equal(new ContainerNames(root).of('docker', id), 'shop-web-1');
  assert.equal(new ContainerNames(root).of('docker', other), null);
});

test('podman: the first name of the container in the list of its storage', () => {
  put(
    'lib/containers/storage/overlay-containers/containers.json',
    `[{"id":"${other}","names":["mail"],"image":"1"},{"id":"${id}","names":["shop"]}]`,
  );
  assert.equal(new ContainerNames(root).of('podman', id), 'shop');
});

test('Kubernetes: namespace, what made the pod, and the container', () => {
  put(`log/containers/web-7c9d8b6f5d-x2x9z_shop_nginx-${id}.log`, '');
  put(`log/containers/db-0_shop_postgres-${other}.log`, '');
  assert.equal(new ContainerNames(root).of('containerd', id), 'shop/web/nginx');
  assert.equal(new ContainerNames(root).of('cri-o', other), 'shop/db-0/postgres');
});

test('names that hold anything else than a name are not taken', () => {
  put(`lib/docker/containers/${other}/config.v2.json`, '{"Name":"/a b\\u001b"}');
  assert.equal(new ContainerNames(root).of('docker', other), null);
});
