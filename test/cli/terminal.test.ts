import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry } from '#tools/registry.ts';
import { sampanAtTerminal, type Person, type Shown } from './at-terminal.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const atTerminal = (args: readonly string[], drive: (person: Person) => Promise<void>): Promise<Shown> =>
  sampanAtTerminal(world.root, args, drive);

test('run -it gives a terminal that can be typed at and follows its window', async () => {
  const { shown, status, cooked } = await atTerminal(
    ['run', '--rm', '-it', world.image, 'sh'],
    async ({ type, seen, resize }) => {
      await seen('/ #');
      type('stty size; tty\r');
      await seen('30 90');
      await seen('/dev/pts/0');
      resize(41, 123);
      await Bun.sleep(300);
      type('stty size\r');
      await seen('41 123');
      type('exit 4\r');
      await seen('status=');
    },
  );
  expect(status).toBe(4);
  expect(cooked).toBe(true);
  expect(shown).not.toContain('sampan:');
});

test('control-C is a key there, not the end of sampan', async () => {
  const { status, cooked } = await atTerminal(['run', '--rm', '-it', world.image, 'sh'], async ({ type, seen }) => {
    await seen('/ #');
    type('sleep 100\r');
    await Bun.sleep(300);
    type('\x03');
    type('echo "still $((40+2))"\r');
    await seen('still 42');
    type('exit 130\r');
    await seen('status=');
  });
  expect(status).toBe(130);
  expect(cooked).toBe(true);
});

test('exec -it gives one in a running container', async () => {
  await world.sampan('run', '-d', '--name', 'inside', world.image, 'sleep', '1000');
  const { status, cooked } = await atTerminal(['exec', '-it', 'inside', 'sh'], async ({ type, seen, resize }) => {
    await seen('/ #');
    type('stty size; tty\r');
    await seen('30 90');
    resize(20, 70);
    await Bun.sleep(300);
    type('stty size\r');
    await seen('20 70');
    type('exit 6\r');
    await seen('status=');
  });
  expect(status).toBe(6);
  expect(cooked).toBe(true);
  await world.sampan('rm', '-f', 'inside');
});

test('the terminal is restored when the container is killed from elsewhere', async () => {
  const { status, cooked } = await atTerminal(
    ['run', '--rm', '-it', '--name', 'victim', world.image, 'sh'],
    async ({ seen }) => {
      await seen('/ #');
      expect((await world.sampan('kill', 'victim')).status).toBe(0);
      await seen('status=');
    },
  );
  expect(status).toBe(137);
  expect(cooked).toBe(true);
});

test('a failed start restores it too, and speaks', async () => {
  const { shown, status, cooked } = await atTerminal(
    ['run', '--rm', '-it', world.image, 'nonesuch'],
    async ({ seen }) => seen('status='),
  );
  expect(status).toBe(127);
  expect(cooked).toBe(true);
  expect(shown).toContain('nonesuch');
});

test('nothing is left of all that', () => {
  expect(world.leftovers()).toEqual([]);
});

test('login asks for what it was not told, and does not show the password', async () => {
  const htpasswd = join(world.root, 'htpasswd');
  writeFileSync(htpasswd, `tester:${await Bun.password.hash('hunter2', { algorithm: 'bcrypt', cost: 4 })}\n`);
  await using locked = await startRegistry({ htpasswd });
  const { shown, status, cooked } = await atTerminal(['login', locked.host], async (person) => {
    await person.seen('Username: ');
    person.type('testee\u007fr\r');
    await person.seen('Password: ');
    person.type('hunter2\r');
    await person.seen('Login Succeeded');
  });
  expect({ status, cooked }).toEqual({ status: 0, cooked: true });
  expect(shown).not.toContain('hunter2');
  expect(await world.sampan('login', locked.host)).toMatchObject({ status: 0 });
  const stopped = await atTerminal(['login', '-u', 'x', locked.host], async (person) => {
    await person.seen('Password: ');
    person.type('hun\u0003');
  });
  expect(stopped).toMatchObject({ status: 130, cooked: true });
});
