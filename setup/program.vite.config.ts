/**
 * Bundles the program into one CommonJS file, dist/stanch.cjs.
 * CommonJS, because `import … from 'node:http'` in an ES module loads Node's fetch with it: 13 MB of resident memory.
 */
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  publicDir: false,
  plugins: [{ name: 'ascii', renderChunk: (code) => ({ code: asciiOnly(code), map: null }) }],
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'src/cli/main.ts',
    target: 'node24',
    minify: false,
    emptyOutDir: false,
    rolldownOptions: {
      output: { format: 'cjs', entryFileNames: 'stanch.cjs', codeSplitting: false },
    },
  },
});

/** One letter beyond Latin-1 makes V8 keep all of the source in two bytes a letter: 1.9 MB more for as long as the daemon runs. */
function asciiOnly(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
