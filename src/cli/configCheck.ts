/** `stanch config check`: what the daemon would make of its configuration, before a restart does. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { formatBytes, formatDuration, formatPercent } from '../model/units.ts';
import { probeUrl } from '../relate/probes/probeTarget.ts';
import { urlHost } from '../serve/access.ts';
import type { CliContext } from './context.ts';
import { jsonText } from './jsonText.ts';
import { configError, defaultPaths, loadSettings, parseConfig, readText } from './settings.ts';
import { settingsFlags, surroundings } from './settingsFlags.ts';

interface Flags {
  config?: string;
  json: boolean;
}

const checkCommand = buildCommand<Flags, [], CliContext>({
  docs: { brief: 'Check the configuration file and print what holds' },
  parameters: {
    flags: {
      config: settingsFlags.config,
      json: { kind: 'boolean', default: false, withNegated: false, brief: 'Print one JSON document' },
    },
  },
  func: check,
});

export const configCommand = buildRouteMap<'check', CliContext>({
  routes: { check: checkCommand },
  docs: { brief: 'The configuration file' },
});

function check(this: CliContext, flags: Flags): void {
  const around = surroundings(this.process.env);
  const wanted = flags.config === undefined ? defaultPaths(around).config : resolve(flags.config);
  const file = flags.config !== undefined || existsSync(wanted) ? wanted : null;
  const problems = file === null ? [] : parseConfig(readText(file)).problems;
  if (problems.length > 0 && file !== null) {
    if (flags.json) this.process.stdout.write(`${jsonText({ schema: 'stanch.config/1', file, problems, settings: null })}\n`);
    throw configError(file, problems);
  }
  const { settings } = loadSettings(flags.config === undefined ? {} : { config: flags.config }, around);
  if (flags.json) {
    this.process.stdout.write(`${jsonText({ schema: 'stanch.config/1', file, problems, settings })}\n`);
    return;
  }
  const { intervalMs, dataDir, retention, listen, allowLoopbackRead, budget, bpf, probes } = settings;
  const lines = [
    file === null ? `No configuration file at ${wanted}: the defaults hold.` : `${file} is in order.`,
    `  interval                   ${formatDuration(intervalMs)}`,
    `  store.dir                  ${dataDir}`,
    `  store.max_age              ${formatDuration(retention.maxAgeMs)}`,
    `  store.max_size             ${formatBytes(retention.maxBytes)}`,
    `  serve.listen               ${urlHost(listen.host)}:${listen.port}`,
    `  serve.allow_loopback_read  ${allowLoopbackRead}`,
    `  sample.bpf                 ${bpf}`,
    `  budget.cpu                 ${formatPercent(budget.cpuRatio)} of a core`,
    `  budget.rss                 ${formatBytes(budget.rssBytes)}`,
    `  budget.reads_per_second    ${budget.readsPerSecond}`,
    `  probes.enabled             ${probes.enabled}`,
    `  probes.interval            ${formatDuration(probes.intervalMs)}`,
    `  probes.timeout             ${formatDuration(probes.timeoutMs)}`,
    `  probes.targets             ${probes.targets?.map(probeUrl).join(', ') ?? 'what is found listening'}`,
  ];
  this.process.stdout.write(`${lines.join('\n')}\n`);
}
