import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseToml } from '#base/toml.ts';
import { DEFAULT_CONFIG, readConfig } from './config.ts';
import { configFile, loadConfig } from './file.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sampan-config-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const read = (text: string) => readConfig(parseToml(text)).gc;
const faultOf = (text: string): { field: string | undefined; hint: string | undefined } => {
  try {
    read(text);
  } catch (error) {
    const { kind, field, hint } = error as { kind: string; field: string; hint: string };
    expect(kind).toBe('invalid');
    return { field, hint };
  }
  throw new Error(`${text} was taken`);
};

test('the directories of CDI are a list of absolute paths', () => {
  const cdi = (text: string) => readConfig(parseToml(text)).cdi;
  expect(cdi('').directories).toEqual(['/etc/cdi', '/var/run/cdi']);
  expect(cdi('[cdi]\ndirectories = ["/a", "/b"]').directories).toEqual(['/a', '/b']);
  expect(faultOf('[cdi]\ndirectories = ["a"]').field).toBe('cdi.directories');
  expect(faultOf('[cdi]\ndirectories = "/a"').field).toBe('cdi.directories');
});

test('All settings are read, and what is left out has its default', () => {
  expect(read('')).toEqual(DEFAULT_CONFIG.gc);
  expect(
    read(
      '[gc]\nenabled = false\nhigh = "20GB"\nlow = "15 GiB"\nmin_age = "36h"\nkeep = ["debian:12", "*/team/*"]\nevery = "10m"',
    ),
  ).toEqual({
    enabled: false,
    high: { bytes: 20 * 2 ** 30 },
    low: { bytes: 15 * 2 ** 30 },
    minAge: 36 * 3_600_000,
    keep: ['debian:12', '*/team/*'],
    every: 600_000,
  });
  expect(read('[gc]\nhigh = "90%"\nlow = "12.5%"\nmin_age = "7d"')).toMatchObject({
    high: { part: 0.9 },
    low: { part: 0.125 },
    minAge: 7 * 86_400_000,
  });
  expect(read('[gc]\nhigh = "9k"').low).toEqual({ bytes: 8192 });
});

test.each([
  ['[gcc]', 'gcc', 'Is "gc" meant?'],
  ['[gc]\nenable = true', 'gc.enable', 'Is "enabled" meant?'],
  ['[gc]\nregistries = 1', 'gc.registries', 'There are: enabled, high, low, min_age, keep, every.'],
  ['gc = 1', 'gc', 'Write [gc] on a line of its own.'],
  ['[gc]\nenabled = "yes"', 'gc.enabled', 'It must be true or false.'],
  ['[gc]\nhigh = "101%"', 'gc.high', 'It must be a size such as "10GB", or "85%".'],
  ['[gc]\nhigh = 5', 'gc.high', 'It must be a size such as "10GB", or "85%".'],
  ['[gc]\nhigh = "much"', 'gc.high', 'Write a number with b, k, m or g, such as 512m.'],
  ['[gc]\nhigh = "50%"\nlow = "60%"', 'gc.low', 'It must be no higher than "gc.high".'],
  ['[gc]\nhigh = "50%"\nlow = "1g"', 'gc.low', expect.stringContaining('of the same kind')],
  ['[gc]\nmin_age = 5', 'gc.min_age', expect.stringContaining('a length of time')],
  ['[gc]\nmin_age = "5 weeks"', 'gc.min_age', expect.stringContaining('a length of time')],
  ['[gc]\nkeep = "debian"', 'gc.keep', expect.stringContaining('a list of names')],
  ['[gc]\nkeep = [1]', 'gc.keep', expect.stringContaining('a list of names')],
])('%j is refused by the name of the key', (text, field, hint) => {
  expect(faultOf(text)).toEqual({ field, hint });
});

test('The file named counts, then the one of root, then the one of the user', async () => {
  const own = join(scratch, 'sampan', 'config.toml');
  mkdirSync(join(own, '..'), { recursive: true });
  writeFileSync(own, '[gc]\nenabled = false\n');
  const env = { XDG_CONFIG_HOME: scratch, HOME: '/nowhere' };
  expect(configFile({ named: undefined, env, isRoot: false })).toBe(own);
  expect(await loadConfig({ named: undefined, env, isRoot: false })).toMatchObject({ gc: { enabled: false } });
  expect(configFile({ named: '/x.toml', env, isRoot: true })).toBe('/x.toml');
  expect(await loadConfig({ named: undefined, env: { HOME: '/nowhere' }, isRoot: false })).toBe(DEFAULT_CONFIG);
  expect(loadConfig({ named: '/x.toml', env, isRoot: true })).rejects.toMatchObject({
    kind: 'notFound',
    field: '--config',
  });
});

test('A fault in the file names the file, and the line or the key', async () => {
  const path = join(scratch, 'bad.toml');
  writeFileSync(path, '[gc]\nhigh = \n');
  expect(loadConfig({ named: path, env: {}, isRoot: true })).rejects.toThrow(`read ${path}: line 2: `);
  writeFileSync(path, '[gc]\nhihg = "1g"\n');
  expect(loadConfig({ named: path, env: {}, isRoot: true })).rejects.toMatchObject({
    field: 'gc.hihg',
    hint: 'Is "high" meant?',
    message: expect.stringContaining(path) as string,
  });
});
