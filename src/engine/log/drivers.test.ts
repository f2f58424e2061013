import { expect, test } from 'bun:test';
import { journalExtra, jsonExtra, logAttributes, tagText, type LogSubject } from './attributes.ts';
import { chooseLog, LOG_DEFAULTS, LOG_DRIVERS } from './drivers.ts';
import { exportParser } from './journal-export.ts';

test('every log in files is bounded unless -1 is asked for', () => {
  for (const [name, { options }] of Object.entries(LOG_DRIVERS)) {
    const chosen = chooseLog({ driver: name, options: {} }, LOG_DEFAULTS);
    if (options.includes('max-size'))
      expect(chosen.options).toMatchObject({ 'max-size': expect.stringMatching(/^\d+m$/), 'max-file': '5' });
    else expect(chosen.options).toEqual({});
  }
  expect(chooseLog(undefined, LOG_DEFAULTS)).toEqual({
    driver: 'k8s-file',
    options: { 'max-size': '10m', 'max-file': '5' },
  });
  const asked = { options: { 'max-size': '-1' } };
  expect(chooseLog(asked, LOG_DEFAULTS).options).toEqual({ 'max-size': '-1', 'max-file': '5' });
  expect(chooseLog(undefined, { driver: 'local', maxSize: 0, maxFile: 2 })).toEqual({
    driver: 'local',
    options: { 'max-size': '-1', 'max-file': '2' },
  });
});

test.each([
  [{ driver: 'json', options: {} }, '--log-driver', 'invalid'],
  [{ driver: 'syslog', options: {} }, '--log-driver', 'invalid'],
  [{ driver: 'none', options: { 'max-size': '1m' } }, '--log-opt', 'invalid'],
  [{ options: { 'max-sise': '1m' } }, '--log-opt', 'invalid'],
  [{ options: { 'max-size': '0' } }, '--log-opt', 'invalid'],
  [{ options: { 'max-size': 'much' } }, '--log-opt', 'invalid'],
  [{ options: { 'max-file': '0' } }, '--log-opt', 'invalid'],
  [{ options: { path: 'here' } }, '--log-opt', 'invalid'],
  [{ options: { compress: 'true' } }, '--log-opt', 'unsupported'],
  [{ options: { mode: 'non-blocking' } }, '--log-opt', 'unsupported'],
  [{ options: { 'env-regex': '(' } }, '--log-opt', 'invalid'],
])('%j is refused by the option at fault', (wish, field, kind) => {
  expect(() => chooseLog(wish, LOG_DEFAULTS)).toThrow(expect.objectContaining({ field, kind }));
});

const subject: LogSubject = {
  id: 'a'.repeat(64),
  name: 'web',
  imageName: 'debian:12',
  imageId: `sha256:${'b'.repeat(64)}`,
  labels: { team: 'x', 'a-b': '1\n2', other: 'o' },
  env: ['LANG=C', 'KEY=a=b'],
};

test('labels and variables that are asked for are told, by name or by pattern', () => {
  const options = { labels: 'team,absent', 'labels-regex': '^a', env: 'KEY' };
  expect(logAttributes({ driver: 'json-file', options }, subject)).toEqual([
    ['KEY', 'a=b'],
    ['a-b', '1\n2'],
    ['team', 'x'],
  ]);
  expect(jsonExtra({ driver: 'json-file', options: { labels: 'team', tag: '{{.Name}}/{{ .ID }}' } }, subject)).toBe(
    `"attrs":{"tag":"web/${'a'.repeat(12)}","team":"x"},`,
  );
  expect(jsonExtra({ driver: 'json-file', options: {} }, subject)).toBe('');
});

test('the journal gets docker’s fields; names become what it takes', () => {
  const options = { labels: 'team,a-b', tag: '{{.ImageName}}' };
  expect(journalExtra({ driver: 'journald', options }, subject).split('\n')).toEqual([
    `CONTAINER_ID=${'a'.repeat(12)}`,
    `CONTAINER_ID_FULL=${'a'.repeat(64)}`,
    'CONTAINER_NAME=web',
    'CONTAINER_TAG=debian:12',
    'IMAGE_NAME=debian:12',
    'SYSLOG_IDENTIFIER=debian:12',
    'A_B=1 2',
    'TEAM=x',
    '',
  ]);
  expect(tagText('{{.ImageID}}-{{.FullID}}', subject)).toBe(`${'b'.repeat(12)}-${'a'.repeat(64)}`);
  expect(() => tagText('{{.Nonesuch}}', subject)).toThrow(expect.objectContaining({ field: '--log-opt' }));
});

test('entries of an export are read wherever they are cut, with any bytes in a value', () => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(5n);
  const bytes = Buffer.concat([
    Buffer.from('__REALTIME_TIMESTAMP=1\nMESSAGE\n'),
    length,
    Buffer.from('a\n\n=b\nPRIORITY=6\n\nMESSAGE=plain\nX=\n\n'),
  ]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const seen: Record<string, string>[] = [];
    const feed = exportParser((entry) =>
      seen.push(Object.fromEntries([...entry].map(([name, value]) => [name, value.toString()]))),
    );
    feed(bytes.subarray(0, cut));
    feed(bytes.subarray(cut));
    expect(seen).toEqual([
      { __REALTIME_TIMESTAMP: '1', MESSAGE: 'a\n\n=b', PRIORITY: '6' },
      { MESSAGE: 'plain', X: '' },
    ]);
  }
});
