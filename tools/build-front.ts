/** Bundles front/oci.ts and front/engine.ts for the small engine: node's modules become those of front/shim. */
import { constants as fsConstants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';
import { TREE } from './places.ts';

const SHIMS: Readonly<Record<string, string>> = {
  'node:fs': 'fs.ts',
  'node:path': 'path.ts',
  'node:path/posix': 'path.ts',
  'node:os': 'os.ts',
  'node:crypto': 'crypto.ts',
  'node:timers/promises': 'timers.ts',
  'node:child_process': 'child-process.ts',
  'node:fs/promises': 'fs-promises.ts',
  'node:net': 'net.ts',
  'node:sqlite': 'sqlite.ts',
  'node:events': 'events.ts',
};

const FILE_CONSTANTS = /^O_(RDONLY|WRONLY|RDWR|CREAT|EXCL|TRUNC|APPEND|DIRECTORY|NOFOLLOW|NONBLOCK|NOCTTY|SYNC)$/;

/** Numbers that belong to Linux, not to an engine; the long lists are made when they are first asked for. */
const lazily = (name: string, values: object): string =>
  `let ${name}_; export const ${name} = () => (${name}_ ??= JSON.parse(${JSON.stringify(JSON.stringify(values))}));`;
const CONSTANTS = [
  lazily('errno', osConstants.errno),
  lazily('signals', osConstants.signals),
  `export const FS_CONSTANTS = ${JSON.stringify(
    Object.fromEntries(Object.entries(fsConstants).filter(([name]) => FILE_CONSTANTS.test(name))),
  )};`,
].join('\n');

const [target = join(TREE, 'dist/front-build')] = process.argv.slice(2);
const result = await Bun.build({
  entrypoints: ['oci', 'engine'].map((name) => join(TREE, 'front', `${name}.ts`)),
  outdir: target,
  format: 'esm',
  target: 'browser',
  minify: { whitespace: true, syntax: true, identifiers: process.env['SAMPAN_FRONT_DEBUG'] === undefined },
  plugins: [
    {
      name: 'front',
      setup(build) {
        build.onResolve({ filter: /^node:/ }, ({ path }) => {
          const shim = SHIMS[path];
          if (shim === undefined) throw new Error(`the front has no ${path}`);
          return { path: join(TREE, 'front/shim', shim) };
        });
        // What only the large program does.
        build.onResolve({ filter: /\/pull(-progress)?\.ts$/ }, ({ path }) =>
          /^\.\/(pull\/pull|pull-progress)\.ts$/.test(path) ? { path: join(TREE, 'front/shim/large.ts') } : undefined,
        );
        build.onResolve({ filter: /^\.\/engine\/(?!(run|start|exec|ps|stop|kill|rm|inspect)\.ts)/ }, ({ importer }) =>
          importer.endsWith('/doors/cli/commands.ts') ? { path: join(TREE, 'front/shim/large.ts') } : undefined,
        );
        build.onResolve({ filter: /^front:constants$/ }, ({ path }) => ({ path, namespace: 'front' }));
        build.onLoad({ filter: /.*/, namespace: 'front' }, () => ({ contents: CONSTANTS, loader: 'js' }));
      },
    },
  ],
});
for (const log of result.logs) console.error(String(log));
if (!result.success) process.exit(1);

/** Globals of Node or of browsers that the small engine has not and front/shim/globals.ts does not bring. */
const MISSING =
  /(?<![.\w$'"`-])(setInterval|setImmediate|queueMicrotask|structuredClone|TextEncoder|TextDecoder|URL|AbortController|AbortSignal|fetch|Intl|crypto|atob|btoa|console|require|WeakRef|Proxy|eval|WebAssembly)(?=\s*[.(])/g;
for (const name of ['oci', 'engine']) {
  const text = await Bun.file(join(target, `${name}.js`)).text();
  const found = new Set([...text.matchAll(MISSING)].map(([word]) => word));
  if (found.size > 0) {
    console.error(`front/${name}.ts reaches globals that the front has not: ${[...found].join(', ')}`);
    process.exit(1);
  }
}
