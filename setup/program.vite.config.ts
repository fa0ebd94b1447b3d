/**
 * Bundles the program into dist/stanch.cjs and a file for each part that not every command needs: the daemon holds the source of what it runs
 * and no more (4 MB of resident memory less than as one file). It loads all of its parts as it starts, so a build that replaces them meanwhile
 * cannot be mixed with them.
 * CommonJS, because `import … from 'node:http'` in an ES module loads Node's fetch with it: 13 MB of resident memory.
 */
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  publicDir: false,
  plugins: [ascii()],
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'src/cli/main.ts',
    target: 'node24',
    minify: false,
    emptyOutDir: false,
    rolldownOptions: {
      output: { format: 'cjs', entryFileNames: 'stanch.cjs', chunkFileNames: 'stanch-[name].cjs' },
    },
  },
});

/** One letter beyond Latin-1 makes V8 keep all of the source in two bytes a letter: 1.9 MB more for as long as the daemon runs. */
function ascii(): Plugin {
  return {
    name: 'ascii',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
    },
  };
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
