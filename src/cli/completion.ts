/** `stanch completion bash|zsh|fish`: a script for the shell, which asks stanch itself what could come next. */
import { buildCommand, buildRouteMap, type Command, proposeCompletions, type RouteMap } from '@stricli/core';
import { type LoadAll, subcommands } from './commandTree.ts';
import type { CliContext } from './context.ts';

const scripts = {
  bash: `# stanch completion bash > /etc/bash_completion.d/stanch
_stanch() {
  local IFS=$'\\n'
  COMPREPLY=($(stanch completion propose -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _stanch stanch
`,
  zsh: `#compdef stanch
# stanch completion zsh > /usr/local/share/zsh/site-functions/_stanch
_stanch() {
  local -a proposed
  proposed=(\${(f)"$(stanch completion propose -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a proposed || _files
}
# Loaded by the first TAB, it answers that one too.
if [[ $funcstack[1] == _stanch ]]; then _stanch "$@"; else compdef _stanch stanch; fi
`,
  fish: `# stanch completion fish > ~/.config/fish/completions/stanch.fish
function __stanch_propose
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    set -l proposed (stanch completion propose -- $words 2>/dev/null)
    if test (count $proposed) -gt 0
        printf '%s\\n' $proposed
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c stanch -f -a '(__stanch_propose)'
`,
};

function scriptCommand(shell: keyof typeof scripts): Command<CliContext> {
  return buildCommand<Record<never, never>, [], CliContext>({
    docs: {
      brief: `The script for ${shell}`,
      fullDescription:
        scripts[shell]
          .split('\n')
          .find((line) => line.startsWith('# '))
          ?.slice(2) ?? '',
    },
    parameters: { flags: {} },
    func() {
      this.process.stdout.write(scripts[shell]);
    },
  });
}

function proposeCommand(loadAll: LoadAll): Command<CliContext> {
  return buildCommand<Record<never, never>, string[], CliContext>({
    docs: { brief: 'What could come next, a line each: asked by the scripts' },
    parameters: {
      flags: {},
      positional: { kind: 'array', parameter: { brief: 'The words so far, the last one unfinished', parse: String, placeholder: 'WORD' } },
    },
    async func(_flags, ...words) {
      const app = await loadAll();
      const proposed = subcommands(app, words) ?? (await proposeCompletions(app, words, this)).map(({ completion }) => completion);
      // Where no flag was begun the shell has files to propose.
      const wanted = proposed.filter((word) => word.startsWith('-') === (words.at(-1) ?? '').startsWith('-'));
      this.process.stdout.write(wanted.map((word) => `${word}\n`).join(''));
    },
  });
}

export function completionCommand(loadAll: LoadAll): RouteMap<CliContext> {
  return buildRouteMap<'bash' | 'zsh' | 'fish' | 'propose', CliContext>({
    routes: { bash: scriptCommand('bash'), zsh: scriptCommand('zsh'), fish: scriptCommand('fish'), propose: proposeCommand(loadAll) },
    docs: { brief: 'Completions for bash, zsh and fish', hideRoute: { propose: true } },
  });
}
