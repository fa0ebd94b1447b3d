/** Builds the page into dist/web: one script, one style sheet, one picture, all with hashed names, nothing inline (the server's CSP forbids it). */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  publicDir: false,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/web', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  plugins: [
    {
      // What uPlot makes of Intl as it is loaded is used by none of the charts here, and costs a browser 20 to 90 ms before anything is shown.
      name: 'uplot-without-intl',
      transform: {
        filter: { id: /uPlot\.esm\.js$/ },
        handler: (code) => {
          const [numbers, zone] = [/= new Intl\.NumberFormat\(.*\);/, /= new Intl\.DateTimeFormat\(\)\.resolvedOptions\(\)\.timeZone;/];
          if (!numbers.test(code) || !zone.test(code))
            throw new Error('expected uPlot to make two formatters of Intl; found another uPlot');
          return { code: code.replace(numbers, '= { format: String };').replace(zone, "= '';"), map: null };
        },
      },
    },
    {
      // The script sets the colour scheme that was chosen; the first paint waits for it, so that nothing flashes.
      name: 'first-paint-waits-for-script',
      transformIndexHtml: {
        order: 'post',
        handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
      },
    },
  ],
});
