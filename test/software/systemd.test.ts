/** Debian as on a machine of its own: systemd as the first program, without --privileged, with the services of the image. */
import { beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { leftovers } from '#test/cli/world.ts';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

const UP = `${until('systemctl is-system-running --wait 2>/dev/null | grep -q -e running -e degraded')}; systemctl is-system-running || true`;
const exitCode = async (name: string): Promise<string> =>
  (await world.sampan('inspect', '--format', '{{.State.ExitCode}}', name)).stdout;
/** Its unit asks for a user namespace, which only CAP_SYS_ADMIN could give it here, as in docker's containers. */
const ALLOW_REDIS =
  'mkdir /etc/systemd/system/redis-server.service.d; printf "[Service]\\nPrivateUsers=no\\n" >/etc/systemd/system/redis-server.service.d/container.conf';

test('the services of the image come up, and go down in order; again after a restart', async () => {
  const script = `${ALLOW_REDIS}; exec /sbin/init`;
  const started = await world.sampan('run', '-d', '--name', 'os', '--systemd=always', IMAGE, 'sh', '-c', script);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  expect(await world.exec('os', UP)).toBe('running\n');
  expect(await world.exec('os', 'systemctl --failed --no-legend')).toBe('');
  const services =
    'systemctl is-active nginx redis-server postgresql@15-main dbus cron atd systemd-journald systemd-logind';
  expect(await world.exec('os', services)).toBe('active\n'.repeat(8));
  expect(await world.exec('os', 'curl -s localhost | grep -o nginx | head -1; redis-cli ping')).toBe('nginx\nPONG\n');
  expect(await world.exec('os', 'psql -qAt -c "select 1"', '-u', 'postgres')).toBe('1\n');
  const id = (await world.sampan('inspect', '--format', '{{.Id}}', 'os')).stdout;
  expect(await world.exec('os', 'cat /etc/machine-id')).toBe(`${id.slice(0, 32)}\n`);
  // A message goes through the journal, a unit of one's own has a group of its own.
  await world.exec('os', 'logger hello-journal; systemd-run --quiet --wait -p RuntimeMaxSec=60 true');
  expect(await world.exec('os', until('journalctl --no-pager | grep -o hello-journal'))).toBe('hello-journal\n');
  expect(
    await world.exec(
      'os',
      'grep name=systemd /proc/$(pgrep -o nginx)/cgroup || grep 0:: /proc/$(pgrep -o nginx)/cgroup',
    ),
  ).toEndWith(':/system.slice/nginx.service\n');

  expect((await world.sampan('restart', '-t', '90', 'os')).status).toBe(0);
  expect(await world.exec('os', UP)).toBe('running\n');
  expect((await world.sampan('stop', '-t', '90', 'os')).status).toBe(0);
  expect(await exitCode('os')).toBe('0\n');
  expect((await world.sampan('rm', 'os')).status).toBe(0);
}, 300_000);

test('what it may not have it has not: limits, other groups, settings of the host, mounts', async () => {
  const started = await world.sampan('run', '-d', '--name', 'held', '-m', '400m', IMAGE, '/sbin/init');
  expect(started).toMatchObject({ status: 0, stderr: '' });
  const attempts = [
    'echo 900000000 >/sys/fs/cgroup/memory/memory.limit_in_bytes',
    'mkdir /sys/fs/cgroup/memory/x',
    'echo x >/sys/fs/cgroup/systemd/release_agent',
    'mount -t tmpfs x /mnt',
    'mount -o remount,rw /sys',
    'echo 1 >/proc/sys/kernel/panic',
    'mount -t cgroup -o memory x /mnt',
  ];
  const script = attempts.map((attempt) => `( ${attempt} ) 2>/dev/null && echo '${attempt}'`).join('; ');
  expect(await world.exec('held', `${script}; true`)).toBe('');
  expect((await world.sampan('kill', 'held')).status).toBe(0);
  expect((await world.sampan('rm', 'held')).status).toBe(0);
});

test('with a terminal the console is in the logs, and poweroff within ends the container', async () => {
  const started = await world.sampan('run', '-dt', '--name', 'console', IMAGE, '/sbin/init');
  expect(started).toMatchObject({ status: 0, stderr: '' });
  await world.exec('console', UP);
  await world.exec('console', 'systemctl poweroff');
  expect((await world.sampan('wait', 'console')).stdout).toBe('0\n');
  const console = await world.logs('console');
  expect(console).toContain('Welcome to');
  expect(console).toContain('Reached target');
  expect(console).toContain('System Power Off');
  expect((await world.sampan('rm', 'console')).status).toBe(0);
}, 200_000);

test('its monitor killed, the next command ends it with all groups that it made, and it starts again', async () => {
  expect((await world.sampan('run', '-d', '--name', 'crashed', IMAGE, '/sbin/init')).status).toBe(0);
  await world.exec('crashed', UP);
  const pid = (await world.sampan('inspect', '--format', '{{.State.Pid}}', 'crashed')).stdout.trim();
  process.kill(Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[3]), 'SIGKILL');
  const { stderr } = await world.sampan('ps');
  expect(stderr).toContain('stopped container crashed, whose monitor had been killed');
  expect(leftovers(world.root).filter((left) => !left.startsWith('containers/'))).toEqual([]);
  expect((await world.sampan('start', 'crashed')).status).toBe(0);
  await world.exec('crashed', UP);
  expect((await world.sampan('rm', '-f', 'crashed')).status).toBe(0);
}, 300_000);
