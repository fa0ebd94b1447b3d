/** Syslog: of this machine through logger(1), of another one as RFC 5424 over UDP (RFC 5426). */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { SyslogSettings } from '../../model/settings.ts';
import { headline, type Message } from '../message.ts';
import type { Channel } from './channel.ts';
import { inOneLine } from './inOneLine.ts';
import { runProgram } from './runProgram.ts';

/** daemon. */
const facility = 3;
export const syslogLevels = { info: 6, warning: 4, critical: 2 } as const;
const maxBytes = 2048;

export const syslogChannel: Channel<SyslogSettings> = {
  most: 10,
  send: async ({ address }, messages, _batch, signal) => {
    for (const message of messages) {
      if (address !== null) await sendDatagram(address, syslogLine(message), signal);
      else {
        const command = [
          'logger',
          '--tag',
          'stanch',
          '--priority',
          `daemon.${syslogLevels[message.severity] === 2 ? 'crit' : message.severity}`,
        ];
        await runProgram(command, { input: `${inOneLine(headline(message))}\n`, env: { PATH: '/usr/bin:/bin' }, signal });
      }
    }
  },
};

/** https://www.rfc-editor.org/rfc/rfc5424#section-6 */
export function syslogLine(message: Message): string {
  const host = message.hostName.replace(/[^\x21-\x7e]/g, '_').slice(0, 255) || '-';
  const data = [
    ['incident', message.incidentId],
    ['kind', message.kind],
    ['key', message.key],
    ['workload', message.subjectName],
  ].map(([name, value = '']) => `${name}="${inOneLine(value).replace(/["\\\]]/g, '\\$&')}"`);
  const header = `<${facility * 8 + syslogLevels[message.severity]}>1 ${new Date(message.atMs).toISOString()} ${host} stanch ${process.pid} ${message.kind}`;
  return `${header} [stanch@32473 ${data.join(' ')}] ${inOneLine(headline(message))}`;
}

function sendDatagram({ host, port }: { host: string; port: number }, line: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', signal });
    socket.on('error', reject);
    socket.send(Buffer.from(line).subarray(0, maxBytes), port, host, (error) => {
      socket.close();
      if (error) reject(error);
      else resolve();
    });
  });
}
