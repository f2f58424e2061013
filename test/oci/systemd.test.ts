/** What a systemd is asked for, and what becomes of its answers: everything about it but systemd itself (test/systemd). */
import { afterAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { HAS_V1, hierarchies } from '#test/rootless/hierarchies.ts';
import { SAMPAN } from '#tools/places.ts';
import { fakeSystemd, jobRemoved, jobReply, refusal, reply, type Answer, type FakeSystemd } from './fake-systemd.ts';
import { ociWorld, type OciWorld } from './world.ts';

const SLICE = `sampantest${process.pid}.slice`;

let calls = 0;

afterAll(() => {
  for (const mount of hierarchies()) if (existsSync(join(mount, SLICE))) rmdirSync(join(mount, SLICE));
});

async function oci(
  world: OciWorld,
  systemd: FakeSystemd,
  ...args: string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const command = [SAMPAN, 'oci', '--root', join(world.directory, 'state'), '--systemd-cgroup', ...args];
  // Names of their own: what is written to a file that is there leaves the rest of it.
  const call = ++calls;
  const file = (name: string) => Bun.file(join(world.directory, `${name}-${call}`));
  const child = Bun.spawn(command, {
    cwd: world.directory,
    stdin: 'ignore',
    stdout: file('out'),
    stderr: file('err'),
    env: { PATH: '/usr/bin:/bin', ...systemd.env },
  });
  const status = await child.exited;
  return { status, stdout: await file('out').text(), stderr: await file('err').text() };
}

const start = (world: OciWorld, answer?: Answer) => fakeSystemd(join(world.directory, 'bus'), answer);
const configure = (world: OciWorld, args: string[]): void =>
  world.configure(args, (spec) => {
    spec.linux!.cgroupsPath = `${SLICE}:box:a`;
    spec.linux!.resources!.pids = { limit: 9 };
    spec.annotations = { 'org.systemd.property.TimeoutStopSec': '3' };
  });
const members = ({ heard }: FakeSystemd): string[] => heard.map(({ member }) => member);

test.skipIf(!HAS_V1)('a scope is started with init in it, changed by update and stopped by delete', async () => {
  using world = ociWorld();
  await using systemd = await start(world);
  configure(world, ['sleep', '60']);
  expect(await oci(world, systemd, 'create', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(members(systemd)).toEqual(['Hello', 'AddMatch', 'Subscribe', 'ResetFailedUnit', 'StartTransientUnit']);
  const [unit, mode, properties, others] = systemd.heard[4]!.body as [string, string, [string, unknown][], unknown[]];
  expect([unit, mode, others]).toEqual(['box-a.scope', 'replace', []]);
  const { pid } = JSON.parse((await oci(world, systemd, 'state', 'a')).stdout) as { pid: number };
  expect(Object.fromEntries(properties)).toMatchObject({
    PIDs: [pid],
    Slice: SLICE,
    Delegate: true,
    DefaultDependencies: false,
    TasksMax: 9n,
    TimeoutStopUSec: 3_000_000n,
    DevicePolicy: 'strict',
  });
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  expect(own.find((line) => line.includes(':pids:'))).toEndWith(`:/${SLICE}/box-a.scope`);
  // Its own hierarchy is systemd's, and this one moves nothing.
  expect(own.find((line) => line.includes('name=systemd'))).not.toContain(SLICE);
  systemd.heard.length = 0;
  expect(await oci(world, systemd, 'update', '--pids-limit', '11', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(systemd.heard.at(-1)).toEqual({
    member: 'SetUnitProperties',
    body: ['box-a.scope', true, [['TasksMax', 11n]]],
  });
  systemd.heard.length = 0;
  expect(await oci(world, systemd, 'delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(members(systemd).slice(3)).toEqual(['StopUnit', 'ResetFailedUnit']);
  expect(world.leftovers()).toEqual([]);
});

test.skipIf(!HAS_V1)(
  'a container that has ended is deleted with its unit, by whoever asks and however plainly',
  async () => {
    using world = ociWorld();
    await using systemd = await start(world);
    configure(world, ['true']);
    expect(await oci(world, systemd, 'run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
    const plain = async (...args: string[]): Promise<string> => {
      const command = [SAMPAN, 'oci', '--root', join(world.directory, 'state'), ...args];
      const env = { PATH: '/usr/bin:/bin', ...systemd.env };
      const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit', env });
      return new Response(child.stdout).text();
    };
    for (let round = 0; round < 100 && !(await plain('state', 'a')).includes('"stopped"'); round++) await Bun.sleep(20);
    systemd.heard.length = 0;
    await plain('delete', 'a');
    expect(members(systemd)).toContain('StopUnit');
    expect(world.leftovers()).toEqual([]);
  },
);

const at =
  (wanted: string, answer: Answer): Answer =>
  (message, member) =>
    member === wanted ? answer(message, member) : undefined;
const FAILURES: Record<string, { answer: Answer; says: string }> = {
  'an error': {
    answer: at('StartTransientUnit', (message) => [
      refusal(message, 'org.freedesktop.systemd1.UnitExists', 'it is there'),
    ]),
    says: 'org.freedesktop.systemd1.UnitExists: it is there',
  },
  'a job that fails': {
    answer: at('StartTransientUnit', (message) => [jobReply(message), jobRemoved('failed')]),
    says: 'systemd\'s job on the unit ended as "failed"',
  },
  'the end of the connection': { answer: at('StartTransientUnit', () => ['drop']), says: 'ECONNRESET' },
  'an answer without a job': { answer: at('StartTransientUnit', (message) => [reply(message)]), says: 'EPROTO' },
  'what is no message': { answer: at('Hello', () => [Buffer.alloc(64, 0x42)]), says: 'EPROTO' },
};

test.skipIf(!HAS_V1).each(Object.keys(FAILURES))('%s is told, and nothing is left', async (name) => {
  using world = ociWorld();
  const { answer, says } = FAILURES[name]!;
  await using systemd = await start(world, answer);
  configure(world, ['true']);
  const { status, stderr } = await oci(world, systemd, 'run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain(says);
  expect(members(systemd)).not.toContain('StopUnit');
  expect(world.leftovers()).toEqual([]);
});

test.skipIf(!HAS_V1)('signals of others and messages that are too long are passed over', async () => {
  using world = ociWorld();
  const noise = [
    jobRemoved('failed', '/some/other/job'),
    reply({ serial: 4711 } as never, 'o', ['/none']),
    reply({ serial: 1 } as never, 's', ['x'.repeat(200_000)]),
  ];
  await using systemd = await start(
    world,
    at('StartTransientUnit', (message) => [...noise, jobReply(message), ...noise, jobRemoved('done')]),
  );
  configure(world, ['true']);
  expect(await oci(world, systemd, 'run', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('a path is refused with systemd, and nobody at the socket is told', async () => {
  using world = ociWorld();
  const nobody = { env: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere/bus' } } as unknown as FakeSystemd;
  world.configure(['true']);
  expect((await oci(world, nobody, 'run', 'a')).stderr).toContain('slice:prefix:name');
  configure(world, ['true']);
  const { status, stderr } = await oci(world, nobody, 'run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('systemd cannot be reached at /nowhere/bus (ENOENT)');
  expect(world.leftovers()).toEqual([]);
});
