import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  await world.sampan('pull', '-q', world.image);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const SCRIPT = [
  'echo made >/etc/made',
  'rm /etc/group',
  'rm -r /home; mkdir /home; echo new >/home/new',
  'chmod 700 /var',
  'mv /etc/passwd /etc/accounts; mkdir /etc/passwd',
  'rm -r /root; echo file >/root',
  'ln -s made /etc/link; mkfifo /tmp/fifo',
  'mkdir -p /srv/deep/er; : >/srv/deep/er/still',
].join('; ');

const LINES = [
  'C /etc',
  'A /etc/accounts',
  'D /etc/group',
  'A /etc/link',
  'A /etc/made',
  'C /etc/passwd',
  'C /home',
  'D /home/app',
  'A /home/new',
  'C /root',
  'A /srv',
  'A /srv/deep',
  'A /srv/deep/er',
  'A /srv/deep/er/still',
  'C /tmp',
  'A /tmp/fifo',
  'C /var',
];

describe.each(['overlay', 'copy'])('with the %s snapshotter', (snapshotter) => {
  const sampan = (...args: string[]) => world.sampan('--snapshotter', snapshotter, ...args);
  beforeAll(async () => {
    if (snapshotter === 'copy') {
      await sampan('rmi', '-f', world.image);
      await sampan('pull', '-q', world.image);
    }
    expect(await sampan('run', '--name', snapshotter, world.image, 'sh', '-c', SCRIPT)).toMatchObject({ status: 0 });
  });
  afterAll(() => sampan('rm', '-f', snapshotter));

  test('what a container added, changed and deleted is listed as docker does', async () => {
    expect(await sampan('diff', snapshotter)).toEqual({
      status: 0,
      signal: null,
      stdout: `${LINES.join('\n')}\n`,
      stderr: '',
    });
    expect((await sampan('container', 'diff', snapshotter)).stdout).toBe(`${LINES.join('\n')}\n`);
    const json = JSON.parse((await sampan('diff', '--format', 'json', snapshotter)).stdout);
    expect(json).toMatchObject({
      deleted: ['/etc/group', '/home/app'],
      changed: ['/etc', '/etc/passwd', '/home', '/root', '/tmp', '/var'],
    });
  });

  test('a container that changed nothing has no lines, with mounts in places that the image lacks', async () => {
    const args = ['-v', `${world.root}/x:/data/deep`, '-v', `${world.root}/y:/etc/hosts.d`];
    await sampan('run', '--name', 'idle', ...args, world.image, 'touch', '/data/deep/file', '/dev/null2');
    expect((await sampan('diff', 'idle')).stdout).toBe('A /data\n');
    await sampan('rm', 'idle');
  });

  test('an image against what it stands on, and two images against each other', async () => {
    expect(await sampan('commit', '-q', snapshotter, 'changed:1')).toMatchObject({ status: 0, stderr: '' });
    for (const words of [
      ['diff', 'changed:1'],
      ['image', 'diff', 'changed:1'],
      ['diff', 'changed:1', world.image],
    ])
      expect({ words, ...(await sampan(...words)) }).toMatchObject({
        words,
        stdout: `${LINES.join('\n')}\n`,
        stderr: '',
      });
    const back = (await sampan('image', 'diff', world.image, 'changed:1')).stdout.split('\n');
    expect(back).toContain('A /etc/group');
    expect(back).toContain('D /srv');
    expect((await sampan('diff', 'changed:1', snapshotter)).stdout).toBe('');
    await sampan('rmi', 'changed:1');
  });
});

test('what is not there, and other formats, are refused', async () => {
  expect(await world.sampan('diff', 'nothing')).toMatchObject({
    status: 3,
    stderr: 'sampan: No such container or image: nothing\n',
  });
  expect((await world.sampan('image', 'diff', 'overlay')).stderr).toBe('sampan: No such image: overlay\n');
  expect((await world.sampan('diff', '--format', 'xml', 'x')).stderr).toContain('there is json');
});
