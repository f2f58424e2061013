/** Bundles front/oci.ts and front/engine.ts for the small engine: node's modules become those of front/shim. */
import { spawnSync } from 'node:child_process';
import { constants as fsConstants, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { basename, join } from 'node:path';
import { FRONT_COMMANDS, LARGE_NAME } from '#front/commands.ts';
import { OCI_NAMES } from '#doors/cli/oci-names.ts';
import { BUN, TREE } from './places.ts';

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
/** Loaded only when they are needed; in the front their functions become the large program (front/shim/large.ts). */
const LARGE_MODULES =
  /^\.\/(pull\/pull|load\/load(?:-all)?|save\/save(?:-all)?|import\/import|snapshot\/export|snapshot\/changes|implied|commit\/commit|image\/history|verify\/verify|push\/push|copy\/(?:use|tags|documents)|index\/(?:unpack|change)|pull-progress)\.ts$|^#engine\/cdi\/inject\.ts$/;

const PROGRAMS = ['oci', 'engine'] as const;
const options: Omit<Bun.BuildConfig, 'entrypoints'> = {
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
        build.onResolve({ filter: LARGE_MODULES }, () => ({ path: join(TREE, 'front/shim/large.ts') }));
        build.onResolve({ filter: /^#doors\/cli\/engine\// }, ({ path, importer }) =>
          /\/doors\/cli\/commands\/\w+\.ts$/.test(importer) && !(basename(path, '.ts') in FRONT_COMMANDS)
            ? { path: join(TREE, 'front/shim/large.ts') }
            : undefined,
        );
        // What is done in C here.
        build.onResolve({ filter: /^\.\/(encode-steps|read-proc)\.ts$/ }, ({ path, importer }) =>
          /\/kernel\/(encode|host-facts)\.ts$/.test(importer) ? { path: join(TREE, 'front/shim', path) } : undefined,
        );
        build.onResolve({ filter: /^front:constants$/ }, ({ path }) => ({ path, namespace: 'front' }));
        build.onLoad({ filter: /.*/, namespace: 'front' }, () => ({ contents: CONSTANTS, loader: 'js' }));
      },
    },
  ],
};
// One by one: `import()` in one program has the bundler wrap every module that it shares with the other.
for (const name of PROGRAMS) {
  const result = await Bun.build({ entrypoints: [join(TREE, 'front', `${name}.ts`)], ...options });
  for (const log of result.logs) console.error(String(log));
  if (!result.success) process.exit(1);
}

const words = (list: Iterable<string>): string => [...list].map((word) => `"${word}"`).join(', ');
writeFileSync(
  join(target, 'commands.h'),
  [
    '/* Written by tools/build-front.ts from front/commands.ts and src/doors/cli/oci-names.ts. */',
    `#define FRONT_COMMANDS ${words(Object.keys(FRONT_COMMANDS))}`,
    `#define OCI_NAMES ${words(OCI_NAMES)}`,
    `#define LARGE_NAME "${LARGE_NAME}"`,
    '',
  ].join('\n'),
);

/** Everything that a bundle names must be there: the language, or what front/shim/globals.ts brings. */
const PROVIDED = ['Buffer', 'process', 'performance', 'setTimeout', 'clearTimeout'];
/** Of the language, what engine.c leaves out, and what would be the same in every process (front/heap.c). */
const LEFT_OUT = /(?<![.\w$'"`-])(Intl|Proxy|WeakRef|FinalizationRegistry|eval|Math\.random)(?=\s*[.(])/g;

const bundles = PROGRAMS.map((name) => join(target, `${name}.js`));
const rules = join(target, 'globals.json');
writeFileSync(
  rules,
  JSON.stringify({
    plugins: [],
    categories: { correctness: 'off' },
    rules: { 'no-undef': 'error' },
    env: { builtin: false, es2024: true },
    globals: Object.fromEntries(PROVIDED.map((name) => [name, 'readonly'])),
  }),
);
const lint = ['--bun', join(TREE, 'node_modules/.bin/oxlint'), '--no-ignore', '-c', rules, '-f', 'unix', ...bundles];
const checked = spawnSync(BUN, lint, { encoding: 'utf8' });
const leftOut = (await Promise.all(bundles.map((path) => Bun.file(path).text()))).flatMap((text) => [
  ...text.matchAll(LEFT_OUT),
]);
if (checked.status !== 0 || leftOut.length > 0) {
  const missing = [...checked.stdout.matchAll(/'[^']+' is not defined/g)].map(String);
  const named = [...new Set([...missing, ...leftOut.map(([word]) => `'${word}' is left out of the engine`)])];
  console.error(`the front reaches what it has not: ${named.join(', ') || checked.stdout + checked.stderr}`);
  process.exit(1);
}
