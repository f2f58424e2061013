import { expect, test } from 'bun:test';
import { signalInit } from './signal-init.ts';

test('an init that has ended since it was seen is no failure', async () => {
  const child = Bun.spawn(['true']);
  await child.exited;
  expect(signalInit(child.pid, 'SIGKILL')).toBe(false);
  expect(signalInit(process.pid, 0)).toBe(true);
  expect(() => signalInit(process.pid, 999)).toThrow();
});
