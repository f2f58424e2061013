import { expect, test } from 'bun:test';
import { parseReference } from '#store/reference.ts';
import { placesToPull, placeToPush, readRules } from './registries.ts';

const rules = readRules({
  registry: [
    {
      location: 'docker.io',
      mirror: [
        { location: 'mirror.test:5000/hub', insecure: true },
        { location: 'tags.test', 'pull-from-mirror': 'tag-only' },
        { location: 'digests.test', 'pull-from-mirror': 'digest-only' },
      ],
    },
    { prefix: 'quay.io/team', location: 'inner.test/quay/team' },
    { prefix: 'quay.io/team/secret', location: 'quay.io/team/secret', blocked: true },
    { prefix: '*.example.com', insecure: true },
    { prefix: 'short', location: 'registry', mirror: [] },
  ],
});
const places = (name: string): string[] =>
  placesToPull(rules, parseReference(name)).map(
    ({ registry, repository, lax }) => `${registry} ${repository}${lax ? ' lax' : ''}`,
  );

test('Mirrors come first, for what they are meant for', () => {
  expect(places('debian')).toEqual([
    'mirror.test:5000 hub/library/debian lax',
    'tags.test library/debian',
    'docker.io library/debian',
  ]);
  expect(places(`debian@sha256:${'0'.repeat(64)}`)).toEqual([
    'mirror.test:5000 hub/library/debian lax',
    'digests.test library/debian',
    'docker.io library/debian',
  ]);
  expect(placeToPush(rules, parseReference('debian'))).toEqual({
    registry: 'docker.io',
    repository: 'library/debian',
    lax: false,
  });
});

test('The longest prefix counts, and ends where a part of the name does', () => {
  expect(places('quay.io/team/app')).toEqual(['inner.test quay/team/app']);
  expect(places('quay.io/teams/app')).toEqual(['quay.io teams/app']);
  expect(() => places('quay.io/team/secret/app')).toThrow('blocks quay.io/team/secret');
  expect(() => places('quay.io/team/secret:1')).toThrow('blocks');
  expect(places('a.example.com/x')).toEqual(['a.example.com x lax']);
  expect(places('example.com/x')).toEqual(['example.com x']);
  expect(places('badexample.com/x')).toEqual(['badexample.com x']);
  expect(places('other.test:5000/x')).toEqual(['other.test:5000 x']);
});

test('What cannot be meant is refused with its field', () => {
  const wrong: [object, RegExp][] = [
    [{ registry: [{}] }, /registry\[0\] has neither/],
    [{ registry: [{ location: 'x', insecure: 'yes' }] }, /registry\[0\]\.insecure/],
    [{ registry: [{ location: 1 }] }, /registry\[0\]\.location/],
    [{ registry: 'x' }, /registry is not a list/],
    [{ registry: [{ location: 'x', mirror: [{ location: 'y', 'pull-from-mirror': 'never' }] }] }, /pull-from-mirror/],
    [{ registries: { search: {} } }, /first form/],
  ];
  for (const [value, message] of wrong) expect(() => readRules(value as Record<string, unknown>)).toThrow(message);
  const climbing = readRules({ registry: [{ prefix: 'a.test', location: 'b.test/../..' }] });
  expect(() => placesToPull(climbing, parseReference('a.test/x'))).toThrow('image name');
});
