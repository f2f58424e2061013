/** The linter's rules on sources that break each of them: a rule that stops biting fails here. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUN, TREE } from '#tools/places.ts';

const lines = (count: number, line: string): string => `${Array.from({ length: count }, () => line).join('\n')}\n`;

/** File, its text, and the rule that must complain about it. */
const VIOLATIONS: readonly [file: string, text: string, rule: string][] = [
  ['src/base/up.ts', "export type { A } from '#kernel/a.ts';\n", 'no-restricted-imports'],
  ['src/runtime/sibling.ts', "import type { A } from '#store/a.ts';\nexport type B = A;\n", 'no-restricted-imports'],
  ['src/store/sibling.ts', "import type { A } from '#runtime/a.ts';\nexport type B = A;\n", 'no-restricted-imports'],
  ['src/doors/cli/door.ts', "export * from '#doors/docker/a.ts';\n", 'no-restricted-imports'],
  ['src/engine/climbs.ts', "export * from '../store/a.ts';\n", 'no-restricted-imports'],
  ['src/engine/package.ts', "export * from 'lodash';\n", 'no-restricted-imports'],
  ['src/engine/bun.ts', "export * from 'bun:sqlite';\n", 'no-restricted-imports'],
  ['src/engine/tool.ts', "export * from '#tools/a.ts';\n", 'no-restricted-imports'],
  ['src/engine/environment.ts', "export const home = process.env['HOME'];\n", 'no-process-env'],
  ['src/kernel/one.ts', "import type { Two } from './two.ts';\nexport type One = Two[];\n", 'no-cycle'],
  ['src/kernel/two.ts', "import type { One } from './one.ts';\nexport type Two = One | 1;\n", 'no-cycle'],
  [
    'src/kernel/floating.ts',
    'const later = async (): Promise<void> => {};\nexport const go = (): void => {\n  later();\n};\n',
    'no-floating-promises',
  ],
  ['src/kernel/any.ts', 'export const value = (given: any): unknown => given;\n', 'no-explicit-any'],
  ['src/kernel/long-file.ts', `export {};\n${lines(400, '//')}`, 'max-lines'],
  ['src/kernel/long-function.ts', `export function long(): void {\n${lines(60, '  //')}}\n`, 'max-lines-per-function'],
];

/** What must pass: the same acts where they are allowed. */
const FINE: readonly [file: string, text: string][] = [
  ['src/main.ts', "export const home = process.env['HOME'];\nexport type { A } from '#doors/cli/a.ts';\n"],
  ['src/engine/down.ts', "export type { A } from '#store/a.ts';\nexport type { B } from 'node:net';\n"],
  [
    'src/engine/down.test.ts',
    "import { test } from 'bun:test';\nimport { TREE } from '#tools/places.ts';\ntest(TREE, () => {});\n",
  ],
  ['src/kernel/table.gen.ts', `export {};\n${lines(500, '//')}`],
];

let tree: string;
let complaints: { filename: string; code: string }[];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'sampan-lint-'));
  for (const name of ['oxlint.config.ts', 'tools/layers.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(TREE, name), join(tree, name));
  symlinkSync(join(TREE, 'node_modules'), join(tree, 'node_modules'));
  for (const [file, text] of [...VIOLATIONS, ...FINE]) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  const oxlint = join(TREE, 'node_modules/.bin/oxlint');
  const args = ['--bun', oxlint, '-c', 'oxlint.config.ts', '--type-aware', '--format=json', '--no-ignore', 'src'];
  const done = spawnSync(BUN, args, { cwd: tree, encoding: 'utf8' });
  complaints = (JSON.parse(done.stdout) as { diagnostics: typeof complaints }).diagnostics;
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

test.each(VIOLATIONS)('%s', (file, _text, rule) => {
  const rules = complaints.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);
  expect(rules.some((code) => code.includes(`(${rule})`))).toBe(true);
});

test('the same where it is allowed is no complaint', () => {
  const files = new Set(complaints.map(({ filename }) => filename));
  expect(FINE.map(([file]) => file).filter((file) => files.has(file))).toEqual([]);
});
