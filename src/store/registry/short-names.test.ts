import { expect, test } from 'bun:test';
import { formatReference } from '#store/reference.ts';
import { meaningsOf, NO_SHORT_NAMES, readShortNames, type ShortNames } from './short-names.ts';

const names = (text: string, settings: ShortNames): string[] => meaningsOf(text, settings).map(formatReference);
const read = (...values: Record<string, unknown>[]): ShortNames =>
  values.reduce<ShortNames>((before, value) => readShortNames(value, before), NO_SHORT_NAMES);
const DIGEST = `sha256:${'a'.repeat(64)}`;

test('Without settings a short name is Docker Hub’s', () => {
  expect(names('debian', NO_SHORT_NAMES)).toEqual(['docker.io/library/debian:latest']);
  expect(names('team/app:2', NO_SHORT_NAMES)).toEqual(['docker.io/team/app:2']);
});

test('An alias takes the name, with its tag or digest; a name with a registry is never short', () => {
  const settings = read({ aliases: { app: 'quay.io/team/app', 'a/b': 'host.test:5000/c' } });
  expect(names('app:3', settings)).toEqual(['quay.io/team/app:3']);
  expect(names(`app@${DIGEST}`, settings)).toEqual([`quay.io/team/app@${DIGEST}`]);
  expect(names('a/b', settings)).toEqual(['host.test:5000/c:latest']);
  for (const text of ['docker.io/library/app', 'localhost/app', 'host:1/app']) {
    expect(names(text, settings).length).toBe(1);
    expect(names(text, settings)[0]).toContain(text);
  }
});

test('Search registries come in their order, later files stand over earlier ones', () => {
  const settings = read(
    { 'unqualified-search-registries': ['one.test'], aliases: { x: 'one.test/x', y: 'one.test/y' } },
    { 'unqualified-search-registries': ['docker.io', 'two.test'], aliases: { x: 'two.test/x', y: '' } },
  );
  expect(names('z', settings)).toEqual(['docker.io/library/z:latest', 'two.test/z:latest']);
  expect(names('x', settings)).toEqual(['two.test/x:latest']);
  expect(names('y', settings)).toEqual(['docker.io/library/y:latest', 'two.test/y:latest']);
});

test('The mode decides about aliases and about what is not clear', () => {
  const settings = read({ 'unqualified-search-registries': ['a.test', 'b.test'], aliases: { x: 'c.test/x' } });
  expect(names('x', { ...settings, mode: 'disabled' })).toEqual(['a.test/x:latest', 'b.test/x:latest']);
  expect(names('x', { ...settings, mode: 'enforcing' })).toEqual(['c.test/x:latest']);
  expect(() => names('z', { ...settings, mode: 'enforcing' })).toThrow('a.test/z, b.test/z');
  expect(names('z', { ...settings, search: ['a.test'], mode: 'enforcing' })).toEqual(['a.test/z:latest']);
});

test('What is wrong in the settings is named', () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ 'unqualified-search-registries': 'docker.io' }, 'unqualified-search-registries'],
    [{ 'unqualified-search-registries': ['no host'] }, 'unqualified-search-registries'],
    [{ 'short-name-mode': 'always' }, 'short-name-mode'],
    [{ aliases: ['x'] }, 'aliases'],
    [{ aliases: { x: 'short' } }, 'aliases.x'],
    [{ aliases: { x: 'host.test/x:tag' } }, 'aliases.x'],
    [{ aliases: { x: 3 } }, 'aliases.x'],
    [{ aliases: { 'host.test/x': 'host.test/y' } }, 'aliases.host.test/x'],
  ];
  for (const [value, field] of cases) expect(() => read(value)).toThrow(field);
});
