/** Bundles front/main.ts for the small engine: node's modules become those of front/shim. */
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
  entrypoints: [join(TREE, 'front/main.ts')],
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
        build.onResolve({ filter: /^\.\/engine\/(?!run\.ts)/ }, ({ importer }) =>
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
