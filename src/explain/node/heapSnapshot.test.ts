/** Snapshots as V8 writes them, and such files as nobody writes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { StanchError } from '../../model/errors.ts';
import { openHeapSnapshot } from './heapSnapshot.ts';
import { answerOfSnapshot, type SnapshotAnswer } from './snapshotAnswer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stanch-snapshot-'));
after(() => rmSync(folder, { recursive: true }));

const program = `
class UploadState { constructor(id) { this.id = id; this.pieces = Array.from({ length: 100 }, () => id); } }
globalThis.openUploads = new Map();
for (let id = 0; id < 3000; id += 1) openUploads.set(id, new UploadState(id));
require('node:v8').writeHeapSnapshot(process.argv[1]);
`;

function answerOf(path: string): SnapshotAnswer {
  const snapshot = openHeapSnapshot(path);
  try {
    return answerOfSnapshot(snapshot, false);
  } finally {
    snapshot.close();
  }
}

for (const node of [process.execPath, '/usr/bin/node']) {
  test(`${node}: what keeps the most is named, with the way to it`, { skip: existsSync(node) ? false : `there is no ${node}` }, () => {
    const path = join(folder, `${node.length}.heapsnapshot`);
    execFileSync(node, ['-e', program, path]);
    const { classes, bytes } = answerOf(path);
    const uploads = classes.find(({ type }) => type === 'UploadState');
    assert.equal(uploads?.count, 3_000);
    assert.ok(uploads.retainedBytes >= 2_400_000 && uploads.retainedBytes < bytes);
    assert.match(uploads.path.join(' '), /openUploads: Map .*UploadState/);
  });
}

/** Two objects below the root, of which one keeps the other. */
const small = JSON.stringify({
  snapshot: {
    meta: {
      node_fields: ['type', 'name', 'id', 'self_size', 'edge_count'],
      node_types: [['hidden', 'object', 'synthetic'], 'string', 'number', 'number', 'number'],
      edge_fields: ['type', 'name_or_index', 'to_node'],
      edge_types: [['property', 'weak', 'element'], 'string_or_number', 'node'],
    },
    node_count: 3,
    edge_count: 4,
  },
  nodes: [2, 0, 1, 0, 2, 1, 1, 2, 10, 2, 1, 2, 3, 100, 0],
  edges: [0, 3, 5, 1, 3, 10, 0, 4, 10, 1, 4, 5],
  strings: ['(root)', 'Cart', 'Line \\"1\\"', 'cart', 'line'],
});

function written(content: string | Buffer): string {
  const path = join(folder, 'written.heapsnapshot');
  writeFileSync(path, content);
  return path;
}

test('what is alive only because of another is counted with it; weak references count for nothing', () => {
  const { classes } = answerOf(written(small));
  assert.deepEqual(classes, [
    { type: 'Cart', count: 1, selfBytes: 10, retainedBytes: 110, path: ['cart: Cart'] },
    { type: 'Line \\"1\\"', count: 1, selfBytes: 100, retainedBytes: 100, path: ['cart: Cart', 'line: Line \\"1\\"'] },
  ]);
});

test('a file that is cut off, or changed anywhere, ends with an error or an answer', () => {
  const whole = readFileSync(written(small));
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
      const changed = Buffer.from(whole);
      changed[Math.min(at, whole.length - 1)] = byte;
      try {
        answerOf(written(isCut ? whole.subarray(0, at) : changed));
      } catch (error) {
        assert.ok(error instanceof StanchError, String(error));
        assert.equal(error.code, 'STANCH_E_SNAPSHOT');
      }
    }),
    { numRuns: 500 },
  );
});
