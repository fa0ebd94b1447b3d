import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from './metrics.ts';
import { hostileName, sourceForTests } from './sourceForTests.ts';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A strict reading of text exposition 0.0.4: every line must be HELP, TYPE or a sample, in that order, family after family. */
function parseExposition(text: string): { types: Map<string, string>; samples: Sample[] } {
  assert.ok(text.endsWith('\n'));
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Sample[] = [];
  let family = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) [^\n]+$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)$/.exec(line);
    if (help?.[1] !== undefined) {
      assert.ok(!helped.has(help[1]), `HELP of ${help[1]} twice`);
      helped.add(help[1]);
    } else if (type?.[1] !== undefined && type[2] !== undefined) {
      assert.ok(helped.has(type[1]) && !types.has(type[1]));
      types.set(type[1], type[2]);
      family = type[1];
    } else {
      const sample = parseSample(line);
      assert.equal(sample.name, family, `a sample outside its family: ${line}`);
      samples.push(sample);
    }
  }
  return { types, samples };
}

function parseSample(line: string): Sample {
  const match =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(
      line,
    );
  assert.ok(match !== null, `not a sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, key = '', raw = ''] of (match[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/g)) {
    labels[key] = raw.replace(/\\(["\\n])/g, (_all, char: string) => (char === 'n' ? '\n' : char));
  }
  return { name: match[1] ?? '', labels, value: Number(match[3]) };
}

const knownLabels = ['workload', 'resource', 'class', 'kind', 'version', 'stage', 'cause', 'probe', 'severity'];

test('what is written is read back, hostile names and all, each series once', () => {
  const { types, samples } = parseExposition(metricsText(sourceForTests()));
  const growth = samples.find(({ name }) => name === 'stanch_workload_growth_bytes_per_second');
  assert.equal(growth?.labels.workload, hostileName);
  assert.ok(Math.abs((growth?.value ?? 0) - (100 * 1024 * 1024) / 3600) < 1e-6);
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  assert.equal(new Set(keys).size, keys.length);
  for (const [name, type] of types) assert.equal(name.endsWith('_total'), type === 'counter', name);
  for (const { labels } of samples) {
    for (const label of Object.keys(labels)) assert.ok(knownLabels.includes(label), label);
  }
  assert.equal(samples.find(({ name }) => name === 'stanch_workload_exhaustion_seconds')?.value, 7200);
  assert.equal(samples.find(({ name }) => name === 'stanch_workload_leak_probability')?.labels.class, 'leak');
});

test('what was not read is left out, not written as 0', () => {
  const { samples } = parseExposition(metricsText(sourceForTests()));
  assert.ok(samples.some(({ name }) => name === 'stanch_workload_open_fds'));
  assert.ok(!samples.some(({ name }) => name === 'stanch_workload_limit_bytes'));
  const pressure = samples.filter(({ name }) => name === 'stanch_host_memory_pressure_ratio').map(({ labels }) => labels.kind);
  assert.deepEqual(pressure, ['some']);
});
