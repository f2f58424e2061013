/** Our `inspect` beside what docker's command line asks of its daemon for the same options, which shows it again. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerMock, dockerProgram, type DockerMock, type Json } from './docker-mock.ts';
import { cliWorld, type CliWorld } from './world.ts';

const program = dockerProgram();

/** Fields that docker's daemon fills in itself, by what it puts there where nothing was asked. */
const FILLED: Json = {
  CgroupnsMode: 'private',
  Domainname: '',
  IpcMode: 'private',
  MaskedPaths: expect.any(Array),
  MemorySwappiness: null,
  NetworkMode: 'none',
  PidsLimit: null,
  ReadonlyPaths: expect.any(Array),
  ShmSize: 64 * 2 ** 20,
};
/** docs/docker.md says why. */
const OTHERWISE = new Set(['AttachStdin', 'Hostname', 'Env', 'ContainerIDFile', 'VolumeDriver', 'LogConfig']);

const unset = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  value === 0 ||
  value === -1 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** Docker keeps volumes in no order. */
const inOrder = (value: unknown): unknown =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') && !value.includes('two words')
    ? value.toSorted()
    : value;

/** Sets of options whose fields docker's daemon shows as they were asked for. */
const SETS: readonly (readonly string[])[] = [
  ['-h', 'name', '--domainname', 'example.org', '-u', 'app:staff', '-w', '/tmp', '--entrypoint', '/bin/sh'],
  ['-i', '-t', '--rm', '--init', '--read-only', '--stop-signal', 'INT', '--stop-timeout', '3'],
  ['--privileged', '--cap-add', 'NET_ADMIN', '--cap-drop', 'KILL', '--group-add', 'staff', '--group-add', '7'],
  ['-m', '64m', '--memory-swap', '128m', '--memory-reservation', '32m', '--cpus', '1.5', '--pids-limit', '7'],
  ['-c', '512', '--cpu-period', '50000', '--cpu-quota', '25000', '--cpuset-cpus', '0', '--blkio-weight', '100'],
  ['--oom-score-adj', '5', '--shm-size', '1m', '--memory-swappiness', '10', '-m', '64m'],
  ['--device', '/dev/null:/dev/x:r', '--device-cgroup-rule', 'c 1:3 rwm', '--device-cgroup-rule', 'b *:* m'],
  ['--ulimit', 'nofile=5:10', '--ulimit', 'core=-1', '--sysctl', 'net.ipv4.ip_forward=1'],
  ['--ipc', 'shareable', '--pid', 'host', '--uts', 'host', '--cgroupns', 'host', '--cgroup-parent', '/parent'],
  ['--annotation', 'a=b', '--label', 'c=d', '-l', 'e', '--security-opt', 'no-new-privileges'],
  ['--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined'],
  ['-v', '/tmp:/a:ro', '-v', 'inspected:/b', '--tmpfs', '/t:size=1m,mode=700'],
  ['--mount', 'type=bind,src=/tmp,dst=/d,readonly', '--mount', 'type=volume,src=mounted,dst=/e'],
];

describe.skipIf(program === undefined)('inspect shows what docker shows', () => {
  let world: CliWorld;
  let docker: DockerMock;
  beforeAll(async () => {
    world = await cliWorld();
    docker = dockerMock(program ?? '');
    expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  }, 60_000);
  afterAll(async () => {
    await docker[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  /** Ours and docker's, for the same words. */
  async function both(options: readonly string[], ...command: string[]): Promise<{ ours: Json; theirs: Json }> {
    const words = [...options, world.image, ...command];
    const theirs = await docker.create(...words);
    if (typeof theirs === 'string') throw new Error(`docker create ${words.join(' ')}: ${theirs}`);
    const made = await world.sampan('create', ...words);
    expect([made.stderr, made.status]).toEqual(['', 0]);
    const { stdout } = await world.sampan('inspect', made.stdout.trim());
    await world.sampan('rm', made.stdout.trim());
    const [ours = {}] = JSON.parse(stdout) as Json[];
    return { ours, theirs };
  }

  function compare(own: Json, asked: Json): void {
    for (const [field, asked_] of Object.entries(asked)) {
      if (OTHERWISE.has(field)) continue;
      const [got, value] = [inOrder(own[field]), inOrder(asked_)];
      // The daemon doubles the memory.
      if (field === 'MemorySwap' && unset(value)) continue;
      if (unset(value)) {
        if (field in FILLED) expect({ field, got }).toEqual({ field, got: FILLED[field] });
        else expect({ field, got: unset(got) }).toEqual({ field, got: true });
      } else if (/^(Masked|Readonly)Paths$/.test(field)) expect({ field, got }).toEqual({ field, got: value });
      else if (typeof value === 'object') expect({ field, got }).toMatchObject({ field, got: value });
      else expect({ field, got }).toEqual({ field, got: value });
    }
  }

  for (const options of SETS) {
    test(options.join(' '), async () => {
      const { ours, theirs } = await both(options, 'true', 'two words');
      const { HostConfig: host, NetworkingConfig: _, ...config } = theirs;
      compare(ours['Config'] as Json, { ...config, Image: world.image });
      compare(ours['HostConfig'] as Json, {
        ...(host as Json),
        NetworkMode: '',
        ...(options.includes('systempaths=unconfined') ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
      });
    });
  }

  test('files of variables and labels are read as docker reads them', async () => {
    const [variables, labels] = [join(world.root, 'variables'), join(world.root, 'labels')];
    writeFileSync(
      variables,
      '\ufeff# words\n   A=1\nB="quoted" # kept\r\nC=\nD = \n'.replace('D = ', 'D==x') +
        '\n\tE=a=b\nNOT_SET_HERE\n#F=1\n',
    );
    writeFileSync(labels, 'one=1\n  two = x\n'.replace('two ', 'two') + '#no\nthree\n');
    const options = ['--env-file', variables, '-e', 'A=2', '--label-file', labels, '-l', 'one=2'];
    const { ours, theirs } = await both(options);
    const [mine, docks] = [ours['Config'] as Json, theirs];
    expect(mine['Labels']).toEqual(docks['Labels']);
    const last = (list: unknown) => Object.fromEntries((list as string[]).map((entry) => [entry.split('=')[0], entry]));
    expect(last(mine['Env'])).toMatchObject(last(docks['Env']));
    for (const text of ['=x\n', 'A B=1\n', 'A\xff=1\n']) {
      writeFileSync(variables, text, 'latin1');
      expect(typeof (await docker.create('--env-file', variables, world.image))).toBe('string');
      expect((await world.sampan('create', '--env-file', variables, world.image, 'true')).status).toBe(125);
    }
  });

  test('the fields beside the configuration are there', async () => {
    const { ours } = await both(['--name', 'whole'], 'true');
    const fields =
      'AppArmorProfile Args Config Created Driver ExecIDs GraphDriver HostConfig HostnamePath HostsPath Id Image LogPath MountLabel Mounts Name NetworkSettings Path Platform ProcessLabel ResolvConfPath RestartCount State';
    expect(Object.keys(ours)).toEqual(expect.arrayContaining(fields.split(' ')));
  });
});
