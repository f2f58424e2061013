import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { SnapshotDriver, Snapshotter } from './port.ts';

const key = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** What every implementation of the port keeps. */
export function snapshotterSuite(driver: SnapshotDriver): void {
  let at: TestStore;
  let snapshots: Snapshotter;
  beforeEach(() => {
    at = testStore({ snapshotter: driver });
    snapshots = at.store.snapshots;
  });
  afterEach(() => at.close());

  const layer = async (chainId: string, parent: string | undefined, files: Record<string, string>): Promise<void> => {
    const area = join(at.root, 'work', chainId.slice(-8));
    const draft = snapshots.draft(area);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(draft.tree, name), text);
    await draft.seal(parent);
    at.database.transaction(() => draft.commit({ chainId, parent, size: 10 }));
    rmSync(area, { recursive: true, force: true });
  };

  describe(`The ${driver} snapshotter`, () => {
    test('commits layers under their chain IDs and lists them', async () => {
      await layer(key('a'), undefined, { one: '1' });
      await layer(key('b'), key('a'), { two: '2' });
      expect(snapshots.has(key('a')) && snapshots.has(key('b'))).toBe(true);
      expect(snapshots.has(key('c'))).toBe(false);
      expect(snapshots.size(key('b'))).toBe(20);
      const listed = snapshots.list().map(({ key: name, kind, parent }) => ({ name, kind, parent }));
      expect(listed).toEqual([
        { name: key('a'), kind: 'layer', parent: undefined },
        { name: key('b'), kind: 'layer', parent: key('a') },
      ]);
    });

    test('keeps the first of two commits of one chain ID', async () => {
      await layer(key('a'), undefined, { one: '1' });
      await layer(key('a'), undefined, { other: '2' });
      expect(snapshots.list().length).toBe(1);
      expect(statSync(join(at.tree(key('a')), 'one')).size).toBe(1);
    });

    test('settles what a layer leaves to the one below', async () => {
      await layer(key('a'), undefined, { one: '1' });
      mkdirSync(join(at.tree(key('a')), 'd'), { mode: 0o700 });
      chmodSync(at.tree(key('a')), 0o751);
      const area = join(at.root, 'work', 'implied');
      const draft = snapshots.draft(area);
      for (const name of ['d', 'm']) mkdirSync(join(draft.tree, name), { mode: 0o755 });
      await draft.seal(key('a'), [
        { kind: 'parent', path: '' },
        { kind: 'parent', path: 'd' },
        { kind: 'marks', path: 'm' },
        { kind: 'link', path: 'd/two', target: 'one' },
      ]);
      at.database.transaction(() => draft.commit({ chainId: key('b'), parent: key('a'), size: 10 }));
      rmSync(area, { recursive: true, force: true });
      const tree = at.tree(key('b'));
      const modes = ['', 'd'].map((path) => statSync(join(tree, path)).mode & 0o7777);
      expect(modes).toEqual([0o751, 0o700]);
      expect(readdirSync(tree).sort()).toEqual(['d', 'one']);
      expect(statSync(join(tree, 'd', 'two')).ino).toBe(statSync(join(tree, 'one')).ino);
    });

    test("gives a container a tree of its own with the root's attributes of its layer", async () => {
      await layer(key('a'), undefined, { one: '1' });
      chmodSync(at.tree(key('a')), 0o751);
      const mount = await snapshots.prepare('c1', key('a'));
      expect(snapshots.mounts('c1')).toEqual(mount);
      expect(lstatSync(at.tree('c1')).mode & 0o7777).toBe(0o751);
      writeFileSync(join(at.tree('c1'), 'own'), 'x');
      expect(lstatSync(join(at.tree(key('a')), 'own'), { throwIfNoEntry: false })).toBeUndefined();
    });

    test('prepares a container on nothing', async () => {
      await snapshots.prepare('c1', undefined);
      expect(snapshots.mounts('c1')).toEqual({ kind: 'directory', path: at.tree('c1') });
    });

    test('refuses a key in use, an unknown parent and an unknown key', async () => {
      await snapshots.prepare('c1', undefined);
      expect(snapshots.prepare('c1', undefined)).rejects.toMatchObject({ kind: 'alreadyExists' });
      expect(snapshots.prepare('c2', key('f'))).rejects.toMatchObject({ kind: 'notFound' });
      expect(() => snapshots.mounts('c3')).toThrow('no snapshot is called "c3"');
      await Bun.sleep(20);
      expect(snapshots.list().map((one) => one.key)).toEqual(['c1']);
    });

    test('removes what nothing stands on, and is content with what is not there', async () => {
      await layer(key('a'), undefined, { one: '1' });
      await snapshots.prepare('c1', key('a'));
      expect(snapshots.remove(key('a'))).rejects.toMatchObject({ kind: 'conflict' });
      await snapshots.remove('c1');
      await snapshots.remove('c1');
      await snapshots.remove(key('a'));
      expect(at.contents()).toEqual([]);
    });

    test('counts what a snapshot takes, hard links once', async () => {
      await snapshots.prepare('c1', undefined);
      const before = await snapshots.usage('c1');
      mkdirSync(join(at.tree('c1'), 'dir'));
      writeFileSync(join(at.tree('c1'), 'dir', 'file'), Buffer.alloc(10_000, 1), { flush: true });
      const after = await snapshots.usage('c1');
      expect(after.inodes - before.inodes).toBe(2);
      expect(after.bytes - before.bytes).toBeGreaterThanOrEqual(10_000);
    });

    test('says that a directory has gone, and a reconciliation forgets it', async () => {
      await snapshots.prepare('c1', undefined);
      rmSync(at.tree('c1'), { recursive: true });
      expect(() => snapshots.mounts('c1')).toThrow('has gone');
      expect(await at.store.reconcile()).toEqual(['Forgot the snapshot c1: its directory has gone.']);
      expect(await at.store.reconcile()).toEqual([]);
    });
  });
}
