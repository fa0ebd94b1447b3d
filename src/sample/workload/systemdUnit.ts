/**
 * A systemd unit by the cgroup path that systemd gives it, v1 and v2:
 * `/system.slice/nginx.service`, `/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service`.
 * Scopes of login sessions and transient units are named by nobody: what runs in them is known by its command line.
 */
import { isAccountUser } from './accountUser.ts';
import { servesAsUser } from './apache.ts';
import { programBase } from './lineage.ts';
import { normaliseName } from './normalise.ts';
import { isSshSession } from './userSession.ts';
import { cgroupPaths, type ProcessFacts, type WorkloadIdentity, type WorkloadRule } from './workloadRule.ts';

const unitSuffix = /\.(?:service|mount|socket|swap)$/;
/** `systemd-run`, D-Bus activation and health checks of podman make these up. */
const transientName = /^(?:run-(?:u\d+|r[0-9a-f]{8,}|p\d+-i\d+)|dbus-:[\d.]+-.*|[0-9a-f]{64}(?:-[0-9a-f]{1,16})?)\.service$/;
/** One instance for each connection: `sshd@3-10.0.0.5:22-10.0.0.9:5123.service`, `coredump@1-977-0.service`. */
const connectionInstance = /@\d+-(?:\d+-\d+(?:_\d+)?|.*:\d+-.*:\d+)\.service$/;
/** Services whose work is to start other people's programs: those are known by their own command line. */
const launchers = /^(?:cron|crond|cronie|anacron|atd|ssh|sshd|supervisor|supervisord|monit|rc-local|gdm|lightdm|pm2-[\w.-]+)\.service$/;
/** Services that run programs of their customers as them: CGI, PHP, Passenger. Those are known by customer. */
const webServers = /^(?:apache2|httpd|lsws|lshttpd|openlitespeed|litespeed)(?:@[\w.-]+)?\.service$/;
const webServerItself = /^(?:apache2|httpd|litespeed|openlitespeed|lshttpd)/;

export const systemdUnit: WorkloadRule = (facts) => {
  for (const path of cgroupPaths(facts.cgroup)) {
    const unit = unitOfPath(path);
    if (unit === null) continue;
    if (launchers.test(unit.name) && !isLauncherItself(facts, unit.name)) return null;
    if (webServers.test(unit.name) && isOfAccount(facts)) return null;
    return identityOf(unit, facts);
  }
  return null;
};

interface Unit {
  name: string;
  /** The user manager that it belongs to: `user@1000.service`. */
  manager: string | null;
}

/** The unit that a person named on the way down a cgroup path; what lies below is the unit's own affair. */
export function unitOfPath(path: string): Unit | null {
  const parts = path.split('/').map(unescapeUnit);
  const managerIndex = parts.findIndex((part) => /^user@\d+\.service$/.test(part));
  const below = managerIndex < 0 ? parts : parts.slice(managerIndex + 1);
  const name = below.find((part) => unitSuffix.test(part));
  if (name === undefined || transientName.test(name)) return null;
  return { name: normaliseName(name.replace(connectionInstance, '@*.service')), manager: parts[managerIndex] ?? null };
}

function identityOf(unit: Unit, facts: ProcessFacts): WorkloadIdentity {
  if (unit.manager === null) return { origin: 'systemd-unit', key: unit.name, name: unit.name };
  return { origin: 'systemd-unit', key: `${unit.manager}/${unit.name}`, name: unit.name, user: facts.user };
}

function isOfAccount(facts: ProcessFacts): boolean {
  return webServerItself.test(programBase(facts)) ? servesAsUser(facts) : isAccountUser(facts);
}

function isLauncherItself(facts: ProcessFacts, unitName: string): boolean {
  if (isSshSession(facts)) return false;
  const family = unitName.replace(/(?:ie|d)?\.service$|^(pm2)-.*$/, '$1').toLowerCase();
  return facts.comm.toLowerCase().startsWith(family.slice(0, 15)) || facts.comm.startsWith('PM2');
}

/** systemd writes `-` inside a name as `\x2d`. */
function unescapeUnit(part: string): string {
  return part.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
