/** `stanch run`: the daemon. SIGTERM and SIGINT end it cleanly, SIGHUP reads the configuration again. */
import { hostname } from 'node:os';
import { buildCommand } from '@stricli/core';
import { startDaemon } from '../daemon.ts';
import type { NotifySettings } from '../model/settings.ts';
import { formatDuration } from '../model/units.ts';
import { isLoopback, urlHost } from '../serve/access.ts';
import { tokenPath } from '../serve/token.ts';
import { channelTrouble } from '../tell/channelTrouble.ts';
import type { CliContext } from './context.ts';
import { failureText } from './failure.ts';
import { createLog } from './log.ts';
import { findPageDir } from './pageDir.ts';
import { loadSettings, type SettingsFlags } from './settings.ts';
import { settingsFlags, surroundings } from './settingsFlags.ts';
import { version } from './version.ts';

export const runCommand = buildCommand<SettingsFlags, [], CliContext>({
  docs: {
    brief: 'Watch this server: the daemon with page and API',
    fullDescription:
      'Observes every process, judges what grows, and serves page and API. Needs no configuration; run it as root to see the memory of every user. SIGTERM ends it, SIGHUP reads the configuration again.',
  },
  parameters: { flags: settingsFlags },
  func: run,
});

async function run(this: CliContext, flags: SettingsFlags): Promise<void> {
  const { stderr, env } = this.process;
  const log = createLog(stderr, env);
  const ended = nextSignal(['SIGTERM', 'SIGINT']);
  const { settings, file, ...first } = loadSettings(flags, surroundings(env));
  let { configured } = first;
  const daemon = await startDaemon(settings, { version, pageDir: findPageDir(), log, configured: () => configured });
  const { host, port } = daemon.address;
  log(
    'info',
    `watching every ${formatDuration(settings.intervalMs)}, history in ${settings.dataDir}${file === null ? '' : `, configured by ${file}`}`,
  );
  log('info', `page and API on http://${urlHost(host)}:${port}/`);
  if (host !== 'localhost' && !isLoopback(host)) {
    const name = host === '0.0.0.0' || host === '::' ? hostname() : urlHost(host);
    log('info', `other machines need the token in ${tokenPath(settings.dataDir)}: open http://${name}:${port}/?token=… once`);
  }
  const warn = ({ channels }: NotifySettings) => {
    for (const channel of channels) {
      const trouble = channelTrouble(channel, true);
      if (trouble !== null) log('warning', `the channel ${channel.name} tells nobody: ${trouble}. To try it: stanch notify test`);
    }
  };
  warn(settings.notify);
  const onHangUp = () => {
    try {
      const next = loadSettings(flags, surroundings(env));
      const restart = daemon.reload(next.settings);
      warn(next.settings.notify);
      configured = { ...next.configured, waiting: restart };
      log(
        'info',
        restart.length === 0 ? 'configuration read again' : `configuration read again; a restart is needed for ${restart.join(', ')}`,
      );
    } catch (error) {
      log('error', `the configuration stays as it was\n${failureText(error)}`);
    }
  };
  process.on('SIGHUP', onHangUp);
  log('info', `${await ended}: saving and ending`);
  process.off('SIGHUP', onHangUp);
  await daemon.stop();
}

/** Ctrl-C under `npm start` comes twice: from the terminal, and once more from npm, which passes it on, late where the machine is busy. */
const sameSignalMs = 5000;

/** A later signal of the kind ends the program at once, as without us. */
function nextSignal(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    const onSignal = (signal: NodeJS.Signals) => {
      firstMs ??= performance.now();
      resolve(signal);
      if (performance.now() - firstMs < sameSignalMs) return;
      for (const each of signals) process.off(each, onSignal);
      process.kill(process.pid, signal);
    };
    for (const each of signals) process.on(each, onSignal);
  });
}
