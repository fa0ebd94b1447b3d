/**
 * Apache where no unit holds it: master and children are one workload, known by its folder (`-d`) and configuration (`-f`).
 * mod_php runs inside of them. Under mpm-itk a child takes the user of the site that it serves: one workload for each such user,
 * inside a unit as well.
 * https://httpd.apache.org/docs/2.4/programs/httpd.html
 */
import { isAccountUser } from './accountUser.ts';
import { programBase } from './lineage.ts';
import { normaliseArgument } from './normalise.ts';
import type { ProcessFacts, Program, WorkloadRule } from './workloadRule.ts';

const server = /^(?:apache2|httpd)(?:[.-](?:prefork|worker|event|itk))?$/;
const optionWithPath = /^-([df])(.*)$/;

export const apache: WorkloadRule = (facts) => {
  const program = programBase(facts);
  if (!server.test(program)) return null;
  const parent = facts.parent();
  const master = parent !== null && server.test(programBase(parent)) ? parent : facts;
  const instance = [program, ...instanceOptions(facts.argv)].join(' ');
  if (servesAsUser(facts)) {
    return { origin: 'apache', key: `${instance} as user`, name: `${instance} (${facts.user})`, user: facts.user };
  }
  if (master.user === 'root') return { origin: 'apache', key: instance, name: instance };
  return { origin: 'apache', key: instance, name: `${instance} (${master.user})`, user: master.user };
};

/** A child of mpm-itk that took the user of a site: the master has another one. */
export function servesAsUser(facts: ProcessFacts): boolean {
  if (!isAccountUser(facts) || !isApache(facts)) return false;
  const parent = facts.parent();
  return parent !== null && isApache(parent) && parent.user !== facts.user;
}

function isApache(program: Program): boolean {
  return server.test(programBase(program));
}

function instanceOptions(argv: readonly string[]): string[] {
  const options: string[] = [];
  for (const [index, argument] of argv.entries()) {
    const [, letter, attached] = optionWithPath.exec(argument) ?? [];
    if (letter !== undefined) options.push(`-${letter} ${normaliseArgument(attached || (argv[index + 1] ?? ''))}`);
  }
  return options;
}
