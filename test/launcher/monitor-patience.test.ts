/** How long a monitor waits for others. These tests take seconds, so they run side by side. */
import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { BUILDS } from './harness.ts';
import { Container, shellPlan, TO, until } from './monitor-fixture.ts';

test.concurrent.each(BUILDS.map((path) => [path]))(
  'a held monitor that nobody starts gives up after 10 s (%s)',
  async (launcher) => {
    const container = new Container(launcher);
    try {
      await container.start(shellPlan('true'), { hold: 1 });
      const since = Date.now();
      await container.ended(15_000);
      expect(Date.now() - since).toBeGreaterThan(9000);
      for (const name of ['exit', 'exit.new', 'attach.sock']) expect(existsSync(container.path(name))).toBe(false);
    } finally {
      await container.remove();
    }
  },
  20_000,
);

test.concurrent.each(BUILDS.map((path) => [path]))(
  'a client that never reads cannot hold up the end for long (%s)',
  async (launcher) => {
    const container = new Container(launcher);
    try {
      await container.start(shellPlan('head -c 3000000 /dev/zero'), { hold: 1, log: '' });
      const stuck = await container.attach();
      stuck.send(TO.start);
      stuck.socket.pause();
      await until(() => existsSync(container.path('pid')));
      await Bun.sleep(100);
      process.kill(container.pid(), 'SIGKILL');
      await container.ended(12_000);
      expect(container.exit()['signal']).toBe('9');
    } finally {
      await container.remove();
    }
  },
  20_000,
);
