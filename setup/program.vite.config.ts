/**
 * Bundles the program into one CommonJS file, dist/stanch.cjs.
 * CommonJS, because `import … from 'node:http'` in an ES module loads Node's fetch with it: 13 MB of resident memory.
 */
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  publicDir: false,
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
