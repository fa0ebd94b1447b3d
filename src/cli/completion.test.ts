/** Completions in the shells themselves, where they are installed. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findOnPath } from '../lab/programs.ts';
import { runCli, testFolder } from './spawnForTests.ts';

/** Each TAB starts stanch anew: on a machine that has no time for it that takes long. */
const patienceMs = 500_000;
const missing = (shell: string) => (findOnPath(shell) === null ? `there is no ${shell} here (apt-get install ${shell})` : false);

/** What stands before TAB, and what is to come of it. `scan` takes files. */
const lines: readonly (readonly [line: string, comes: string])[] = [
  ['stanch inc', 'incidents'],
  ['stanch incidents si', 'silence'],
  ['stanch check --ju', '--junit'],
  ['stanch scan ser', 'series.csv'],
  ['stanch scan ', 'series.csv'],
];

/** A folder with `stanch` to be found, its completions, and one file. */
async function shellFolder(t: TestContext, shell: string): Promise<string> {
  const dir = testFolder(t);
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'work'));
  writeFileSync(join(dir, 'bin/stanch'), `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, 'main.ts')}' "$@"\n`);
  chmodSync(join(dir, 'bin/stanch'), 0o755);
  writeFileSync(join(dir, 'work/series.csv'), '');
  writeFileSync(join(dir, '_stanch'), (await runCli(['completion', shell])).stdout);
  return dir;
}

function runShell(dir: string, [shell = '', ...args]: readonly string[]): SpawnSyncReturns<string> {
  const env = { PATH: `${join(dir, 'bin')}${delimiter}${process.env.PATH ?? ''}`, HOME: dir, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
  return spawnSync(shell, args, { cwd: join(dir, 'work'), env, encoding: 'utf8', timeout: patienceMs });
}

test('bash proposes commands, their parts and their flags, and files where it has nothing', { skip: missing('bash') }, async (t) => {
  const dir = await shellFolder(t, 'bash');
  const script = `source ../_stanch; complete -p stanch
for line in ${lines.map(([line]) => `'${line}'`).join(' ')}; do
  IFS=' ' read -ra COMP_WORDS <<< "$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); COMPREPLY=(); _stanch; echo "$line: [\${COMPREPLY[*]}]"
done`;
  const { stdout } = runShell(dir, ['bash', '--norc', '-c', script]);
  const [registered, ...proposed] = stdout.trimEnd().split('\n');
  // Readline puts in the files where the function proposes nothing.
  assert.equal(registered, 'complete -o default -F _stanch stanch');
  assert.deepEqual(
    proposed,
    lines.map(([line, comes]) => `${line}: [${comes === 'series.csv' ? '' : comes}]`),
  );
});

test('fish proposes commands, their parts and their flags, and files where it has nothing', { skip: missing('fish') }, async (t) => {
  const dir = await shellFolder(t, 'fish');
  for (const [line, comes] of lines) {
    const { stdout } = runShell(dir, ['fish', '--no-config', '-c', `source ../_stanch; complete -C '${line}'`]);
    assert.deepEqual(stdout.trim().split(/\s+/), [comes], line);
  }
});

test('zsh completes at the first TAB: commands, their parts, their flags, files', { skip: missing('zsh') }, async (t) => {
  const dir = await shellFolder(t, 'zsh');
  // Each line is typed into a shell on a terminal of its own, and what TAB adds to it is waited for.
  const typed = lines.map(([line, comes]) => {
    const added = comes.slice(line.length - line.lastIndexOf(' ') - 1);
    return `zpty -w -n shell '${line}'$'\\t'; zpty -r shell out '*${added}*'; print -r -- '${line}: ${comes}'; zpty -w shell $'\\x15'`;
  });
  const script = `zmodload zsh/zpty; zpty -b shell zsh -f -i
zpty -w shell "fpath=($PWD/.. \\$fpath); autoload -Uz compinit; compinit -u -d $PWD/../dump; print rea''dy"; zpty -r shell out '*ready*'
${typed.join('\n')}
zpty -d shell`;
  const { stdout } = runShell(dir, ['zsh', '-f', '-c', script]);
  assert.deepEqual(
    stdout.trim().split('\n'),
    lines.map(([line, comes]) => `${line}: ${comes}`),
  );
});
