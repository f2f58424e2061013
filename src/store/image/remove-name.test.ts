import { afterEach, beforeEach, expect, test } from 'bun:test';
import { digestOf } from '#store/digest.ts';
import { parseReference } from '#store/reference.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let at: TestStore;
const id = digestOf('image');
const digest = digestOf('manifest');
beforeEach(() => {
  at = testStore();
});
afterEach(() => at.close());

function put(...names: string[]): void {
  const image = { manifestDigest: digest, configDigest: id, chainId: '', created: 0, size: 0, platform: 'linux/amd64' };
  at.store.images.put({ ...image, config: {}, layers: [] }, names.map(parseReference));
}

const namesLeft = (): string[] => {
  const image = at.store.images.find(id);
  return image === undefined ? ['gone'] : [...image.names, ...image.digests];
};

test('A name goes alone while others are left; the last one takes the image', () => {
  put('a:1', 'a:2');
  expect(at.store.images.remove('a:1')).toMatchObject({ untagged: ['docker.io/library/a:1'], deleted: undefined });
  expect(at.store.images.remove('a:2')).toMatchObject({ deleted: id, last: 'name' });
  expect(namesLeft()).toEqual(['gone']);
});

test("A repository's digest goes with its last tag, another repository's stays", () => {
  put('a:1', `a@${digest}`, `b@${digest}`);
  expect(at.store.images.remove('a:1').untagged).toEqual(['docker.io/library/a:1', `docker.io/library/a@${digest}`]);
  expect(namesLeft()).toEqual([`docker.io/library/b@${digest}`]);
});

test('By ID an image goes with the names of one repository, with more only by force', () => {
  put('a:1', `a@${digest}`);
  expect(at.store.images.remove(id.slice(7, 19))).toMatchObject({ deleted: id, last: 'id' });
  put('a:1', 'a:2');
  expect(() => at.store.images.remove(id)).toThrow('several names');
  expect(namesLeft().length).toBe(2);
  expect(at.store.images.remove(id, { force: true }).untagged.length).toBe(2);
  expect(namesLeft()).toEqual(['gone']);
});

test('What is in use loses its names and stays', () => {
  put('a:1');
  expect(at.store.images.remove('a:1', { keep: true })).toMatchObject({ deleted: undefined, last: 'name' });
  expect(namesLeft()).toEqual([]);
});

test('untag takes the names given or all, and refuses one of another image', () => {
  put('a:1', 'a:2', `a@${digest}`);
  expect(at.store.images.untag(id, ['a:2'])).toEqual(['docker.io/library/a:2']);
  expect(() => at.store.images.untag(id, ['b:1'])).toThrow('no name of the image');
  expect(at.store.images.untag('a:1', [])).toEqual(['docker.io/library/a:1', `docker.io/library/a@${digest}`]);
  expect(namesLeft()).toEqual([]);
});
