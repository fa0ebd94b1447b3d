import { matches } from './policy.ts';

/** What a server is nothing without: by itself stanch never touches these, unless the owner names one of them in the policy. */
const vital = [
  'ssh.service',
  'sshd.service',
  'systemd-*',
  'dbus*',
  'stanch*',
  'mariadb*',
  'mysql*',
  'postgresql*',
  'mongod*',
  'init*',
  'kernel*',
];

export function isVital(name: string): boolean {
  return vital.some((pattern) => matches(pattern, name));
}
