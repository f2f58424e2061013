/** A person at a terminal in Debian: jobs of bash, a pager, an editor, and the keys that go with them. */
import { beforeAll, expect, test } from 'bun:test';
import { sampanAtTerminal } from '#test/cli/at-terminal.ts';
import { endsClean, IMAGE, softwareWorld, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

/** Each prompt has the number of its command; what is waited for is never what was typed, since that is echoed. */
const SHELL = ['run', '--rm', '-it', '-e', 'PS1=[\\#]', IMAGE, 'bash', '--norc'];

test('jobs are stopped, listed, taken back and interrupted', async () => {
  const { shown, status, cooked } = await sampanAtTerminal(world.root, SHELL, async ({ type, seen }) => {
    await seen('[1]');
    type('echo ready$((1+1)); sed -u s/^/got-/\r');
    await seen('ready2');
    type('one\r');
    await seen('got-one');
    type('\x1a');
    await seen('Stopped');
    await seen('[2]');
    type('jobs >/tmp/jobs; sed s/^/job-/ /tmp/jobs; echo back$((1+1)); fg\r');
    await seen('job-[1]+  Stopped');
    await seen('back2');
    type('two\r');
    await seen('got-two');
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
    type('seq 1000 1100 | less\r');
    await seen('1028');
    type('G');
    await seen('1100');
    type('q');
    await seen('[2]');
    resize(20, 70);
    type('vi /tmp/file\r');
    await seen('\x1b[19;1H');
    type('iwritten\x1b:wq\r');
    await seen('[3]');
    type('sed s/^/file-/ /tmp/file; stty size\r');
    await seen('file-written');
    await seen('20 70');
    type('exit\r');
    await seen('status=');
  });
  expect(status).toBe(0);
});
