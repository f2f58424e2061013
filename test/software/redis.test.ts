/** Redis with its log of commands in a volume: killed with -9, it has everything again. */
import { beforeAll, expect, test } from 'bun:test';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

const UP = until('redis-cli ping 2>/dev/null | grep -q PONG');

test('what was acknowledged survives kill -9, and a stop saves and ends with 0', async () => {
  const volume = ['-v', 'redis:/var/lib/redis', '-u', 'redis'];
  const command = ['redis-server', '--dir', '/var/lib/redis', '--appendonly', 'yes', '--appendfsync', 'always'];
  expect(await world.sampan('run', '-d', '--name', 'redis', ...volume, IMAGE, ...command)).toMatchObject({
    status: 0,
    stderr: '',
  });
  await world.exec('redis', `${UP}; for i in $(seq 200); do echo "set k$i v$i"; done | redis-cli >/dev/null`);
  expect((await world.sampan('kill', '-s', 'KILL', 'redis')).status).toBe(0);
  expect((await world.sampan('wait', 'redis')).stdout).toBe('137\n');

  expect((await world.sampan('start', 'redis')).status).toBe(0);
  expect(await world.exec('redis', `${UP}; redis-cli get k200; redis-cli dbsize`)).toBe('v200\n200\n');
  expect((await world.sampan('stop', '-t', '60', 'redis')).status).toBe(0);
  expect((await world.sampan('wait', 'redis')).stdout).toBe('0\n');
  expect(await world.logs('redis')).toContain('Redis is now ready to exit, bye bye...');
  expect((await world.sampan('rm', 'redis')).status).toBe(0);
  expect((await world.sampan('volume', 'rm', 'redis')).status).toBe(0);
});
