/** Mail. The `Message-ID` is the same when the same message is sent again. */
import { createHash } from 'node:crypto';
import type { EmailSettings } from '../../model/settings.ts';
import { headline, type Message } from '../message.ts';
import { readSecret } from '../secret.ts';
import type { Channel } from './channel.ts';
import { inOneLine } from './inOneLine.ts';
import { sendMail } from './smtp.ts';

export const emailChannel: Channel<EmailSettings> = {
  most: 20,
  send: (settings, messages, batch, signal) => {
    const { host, port, security, user, password, from, to } = settings;
    const login = user === null || password === null ? null : { user, password: readSecret(password) };
    return sendMail({ host, port, security, login, from, to, text: mailText(messages, { from, to, batch }), signal });
  },
};

/** RFC 5322, everything beyond ASCII encoded: RFC 2047 in the subject, base64 in the body. */
export function mailText(
  messages: readonly Message[],
  { from, to, batch }: { from: string; to: readonly string[]; batch: string },
): string {
  const [first] = messages;
  const subject =
    first === undefined ? '' : messages.length === 1 ? headline(first) : `[stanch] ${first.hostName}: ${messages.length} incidents`;
  const body = messages
    .map((message) => [headline(message), ...message.facts, ...(message.link === null ? [] : [message.link])].join('\n'))
    .join('\n\n');
  const id = createHash('sha256').update(batch).digest('hex').slice(0, 32);
  const thread = first === undefined ? '' : createHash('sha256').update(`${first.hostName} ${first.incidentId}`).digest('hex').slice(0, 32);
  const domain = from.split('@')[1] ?? 'stanch.invalid';
  const headers = [
    `Date: ${new Date(first?.atMs ?? 0).toUTCString().replace('GMT', '+0000')}`,
    `From: stanch <${from}>`,
    `To: ${to.join(', ')}`,
    ...encodedSubject(subject),
    `Message-ID: <${id}@${domain}>`,
    `References: <${thread}@${domain}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ];
  const lines =
    Buffer.from(body)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return `${[...headers, '', ...lines].join('\r\n')}\r\n`;
}

/** Words of at most 75 characters, none cut within a character. */
function encodedSubject(text: string): string[] {
  const words: string[] = [];
  let word = '';
  for (const char of inOneLine(text).slice(0, 400)) {
    if (Buffer.byteLength(word + char) > 42) {
      words.push(word);
      word = '';
    }
    word += char;
  }
  words.push(word);
  const encoded = words.map((part) => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`);
  return [`Subject: ${encoded.join('\r\n ')}`];
}
