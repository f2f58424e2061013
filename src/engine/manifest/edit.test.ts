import { expect, test } from 'bun:test';
import { changedEntry, emptyIndex, withAnnotations, withChanged, withEntries } from './edit.ts';

const entry = (digest: string, more: object = {}) => ({ digest, size: 1, ...more });

test('Entries count once by digest, the later word standing', () => {
  const first = withEntries(emptyIndex({}), [entry('a'), entry('b'), entry('a', { size: 2 })]);
  expect(first['manifests']).toEqual([entry('a', { size: 2 }), entry('b')]);
  const second = withEntries(first, [entry('b', { size: 3 }), entry('c')]);
  expect(second['manifests']).toEqual([entry('a', { size: 2 }), entry('b', { size: 3 }), entry('c')]);
});

test('What is said of an entry is laid over what was there, and nothing else changes', () => {
  const old = entry('a', { platform: { os: 'linux', architecture: 'arm' }, annotations: { k: '1' } });
  expect(changedEntry(old, {})).toBe(old);
  expect(changedEntry(old, { variant: 'v7', features: ['x'], annotations: { l: '2' } })).toEqual(
    entry('a', {
      platform: { os: 'linux', architecture: 'arm', variant: 'v7', features: ['x'] },
      annotations: { k: '1', l: '2' },
    }),
  );
  expect(changedEntry(entry('a'), { annotations: { l: '2' } })).not.toHaveProperty('platform');
});

test('One entry is changed or taken out; one that is not there is refused with those that are', () => {
  const index = withAnnotations(withEntries(emptyIndex({}), [entry('a'), entry('b')]), { of: 'list' });
  expect(withChanged(index, 'a', () => undefined)).toEqual({ ...index, manifests: [entry('b')] });
  expect(withChanged(index, 'b', () => entry('c'))['manifests']).toEqual([entry('a'), entry('c')]);
  expect(() => withChanged(index, 'z', () => undefined)).toThrow('no entry z');
});
