/**
 * The layer table against the sources' own text. The linter holds the same rules; this one cannot be switched off by
 * a comment, sees type imports and dynamic ones, and fails on a folder that no table names.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPOSITION_ROOT, DOORS, forbiddenTo, LAYERS, type Layer } from '#tools/layers.ts';
import { TREE } from '#tools/places.ts';

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g;

const specifiers = (text: string): string[] => [...text.matchAll(IMPORT)].map((found) => found[2] ?? '');

const sources = (folder: string): string[] =>
  readdirSync(join(TREE, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

const isTest = (path: string): boolean => /\.(test|fixture)\.ts$|\/suite\.ts$|\/testing\//.test(path);
const packageFile = JSON.parse(readFileSync(join(TREE, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const dependencies = Object.keys(packageFile.dependencies);
const door = (name: string): string | undefined => /^(?:src|#)\/?doors\/([^/]+)\//.exec(name)?.[1];

/** What is wrong with an import of `specifier` in the file at `path` (relative to the tree), or undefined. */
function complaint(path: string, specifier: string): string | undefined {
  const layer = LAYERS.find((name) => path.startsWith(`src/${name}/`));
  if (specifier === '..' || specifier.startsWith('../')) return 'climbs out of its folder';
  if (layer === undefined) return undefined;
  const named = /^#([^/]+)\//.exec(specifier)?.[1];
  if (named === 'tools' || named === 'test') return isTest(path) ? undefined : 'is a test tool';
  if (named !== undefined && forbiddenTo(layer).includes(named as Layer)) return `is not for ${layer}`;
  const otherDoor = door(specifier);
  if (otherDoor !== undefined && otherDoor !== door(path)) return 'is another door';
  if (path.startsWith('src/doors/') && dependencies.includes(specifier)) return undefined;
  const own = named !== undefined || specifier.startsWith('./') || specifier.startsWith('node:');
  return own || isTest(path) ? undefined : 'is neither ours nor of node:';
}

describe('layers', () => {
  test('no source imports what its layer must not see', () => {
    const wrong = sources('src').flatMap((path) =>
      specifiers(readFileSync(join(TREE, path), 'utf8')).flatMap((name) => {
        const why = complaint(path, name);
        return why === undefined ? [] : [`${path}: ${name} ${why}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('the check itself refuses each kind of violation, and only those', () => {
    expect(complaint('src/base/a.ts', '#kernel/plan.ts')).toBe('is not for base');
    expect(complaint('src/runtime/a.ts', '#store/b.ts')).toBe('is not for runtime');
    expect(complaint('src/store/a.ts', '#runtime/b.ts')).toBe('is not for store');
    expect(complaint('src/doors/cli/a.ts', '#doors/docker/b.ts')).toBe('is another door');
    expect(complaint('src/doors/cli/run/a.ts', '#doors/cli/b.ts')).toBeUndefined();
    expect(complaint('src/engine/a.ts', 'bun:sqlite')).toBe('is neither ours nor of node:');
    expect(complaint('src/engine/a.ts', dependencies[0] ?? '')).toBe('is neither ours nor of node:');
    expect(complaint('src/doors/cli/a.ts', dependencies[0] ?? '')).toBeUndefined();
    expect(complaint('src/doors/cli/a.ts', 'left-pad')).toBe('is neither ours nor of node:');
    expect(complaint('src/engine/a.test.ts', 'bun:test')).toBeUndefined();
    expect(complaint('src/engine/a.ts', '../store/a.ts')).toBe('climbs out of its folder');
    expect(complaint('src/engine/a.ts', '#tools/registry.ts')).toBe('is a test tool');
    expect(complaint('src/engine/a.ts', '#store/a.ts')).toBeUndefined();
  });

  test('type, dynamic and side-effect imports are seen', () => {
    const text =
      "import type { A } from '#a/a.ts';\nconst b = await import('#b/b.ts');\nimport '#c/c.ts';\nexport * from \"#d/d.ts\";";
    expect(specifiers(text)).toEqual(['#a/a.ts', '#b/b.ts', '#c/c.ts', '#d/d.ts']);
  });

  test('every folder of src and of src/doors is in the table', () => {
    const folders = (path: string) =>
      readdirSync(join(TREE, path), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(
      folders('src')
        .map((entry) => entry.name)
        .filter((name) => !LAYERS.includes(name as Layer)),
    ).toEqual([]);
    expect(
      folders('src/doors')
        .map((entry) => entry.name)
        .filter((name) => !DOORS.some((door_) => door_ === name)),
    ).toEqual([]);
  });

  test('only the composition root reads the environment', () => {
    // The specification has a field process.env too: in quotes or backticks it is a name, not a read.
    const read =
      /(?<!['"`\w])process(?:\.env\b|\[\s*['"]env)|\b(?:Bun|Deno)\.env\b|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process['"]/;
    const readers = sources('src').filter((path) => !isTest(path) && read.test(readFileSync(join(TREE, path), 'utf8')));
    expect(readers.filter((path) => path !== COMPOSITION_ROOT)).toEqual([]);
    expect(
      read.test("const home = process.env['HOME'];") && read.test('(process["env"])') && read.test('x=Bun.env.HOME'),
    ).toBe(true);
    expect(read.test("field: 'process.env[0]'")).toBe(false);
  });

  test('no file of ours is longer than 400 lines', () => {
    const long = ['src', 'test', 'tools', 'demo', 'bench', 'vm'].flatMap(sources).filter((path) => {
      return !path.endsWith('.gen.ts') && readFileSync(join(TREE, path), 'utf8').split('\n').length > 401;
    });
    expect(long).toEqual([]);
  });
});
