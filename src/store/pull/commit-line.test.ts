import { expect, test } from 'bun:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommitLine } from './commit-line.ts';

const never = new AbortController().signal;

test('Things are committed in their order, and those that have gathered meanwhile in one batch', async () => {
  const batches: [string[], boolean][] = [];
  const line = new CommitLine<string>(5, async (batch, isLast) => {
    batches.push([[...batch], isLast]);
    await sleep(5);
  });
  expect([line.comesNext(0), line.comesNext(1)]).toEqual([true, false]);
  const added = [line.add(2, 'c', never), line.add(0, 'a', never)];
  expect(line.comesNext(1)).toBe(true);
  added.push(line.add(4, 'e', never), line.add(1, undefined, never), line.add(3, 'd', never));
  await Promise.all(added);
  expect(batches).toEqual([
    [['a'], false],
    [['c', 'd', 'e'], true],
  ]);
});

test('A failed commit is told to those that were in it, and an aborted wait ends', async () => {
  const line = new CommitLine<string>(3, () => Promise.reject(new Error('full')));
  const controller = new AbortController();
  const waiting = line.add(2, 'c', controller.signal).catch((error: unknown) => error);
  await expect(line.add(0, 'a', never)).rejects.toThrow('full');
  controller.abort();
  expect(await waiting).toMatchObject({ kind: 'cancelled' });
  await line.idle();
});
