/** A person at a terminal in Debian: jobs of bash, a pager, an editor, and the keys that go with them. */
import { beforeAll, expect, test } from 'bun:test';
import { sampanAtTerminal } from '#test/cli/at-terminal.ts';
import { endsClean, IMAGE, softwareWorld, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

/** Each prompt has the number of its command, so that what is waited for is the answer, not what was typed. */
const SHELL = ['run', '--rm', '-it', '-e', 'PS1=[\\#]', IMAGE, 'bash', '--norc'];

test('jobs are stopped, listed, taken back and interrupted', async () => {
  const { shown, status, cooked } = await sampanAtTerminal(world.root, SHELL, async ({ type, seen }) => {
    await seen('[1]');
    type('echo ready; cat\r');
    await seen('ready\r\n');
    type('typed\r');
    await seen('typed\r\ntyped');
    type('\x1a');
    await seen('Stopped');
    await seen('[2]');
    type('jobs; fg; echo "code $?"\r');
    await seen('Stopped                 cat\r\ncat\r\n');
    type('again\r');
    await seen('again\r\nagain');
    type('\x03');
    await seen('[3]');
    type('sleep 1000 & kill %1; wait %1; echo "code $?"\r');
    await seen('code 143');
    type('exit 5\r');
    await seen('status=');
  });
  expect({ status, cooked }).toEqual({ status: 5, cooked: true });
  expect(shown).not.toContain('no job control');
});

test('a pager and an editor have the whole screen and its size', async () => {
  const { status } = await sampanAtTerminal(world.root, SHELL, async ({ type, seen, resize }) => {
    await seen('[1]');
    type('seq 100 | less\r');
    await seen('\r\n29\r\n');
    type('G');
    await seen('100');
    type('q');
    await seen('[2]');
    resize(20, 70);
    type('vi /tmp/file\r');
    await seen('\x1b[19;1H');
    type('iwritten\x1b:wq\r');
    await seen('[3]');
    type('cat /tmp/file; tput cols 2>/dev/null || stty size\r');
    await seen('written\r\n');
    await seen('70');
    type('exit\r');
    await seen('status=');
  });
  expect(status).toBe(0);
});
