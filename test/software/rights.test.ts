/** Who may do what: su, sudo, ping, strace, bwrap, low ports, as in docker's containers. And times, bytes and letters, cron and at. */
import { beforeAll, expect, test } from 'bun:test';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

const both = async (options: readonly string[], script: string): Promise<string> => {
  const { stdout, stderr } = await world.call(['run', '--rm', ...options, IMAGE, 'sh', '-c', script]);
  return stdout + stderr;
};
const SUDO = 'echo "games ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/games; su games -s /bin/sh -c "sudo id -un"';

test('su and sudo change users, unless nobody may gain privileges', async () => {
  expect(await world.run([], 'su - postgres -c "id -un; pwd"')).toBe('postgres\n/var/lib/postgresql\n');
  expect(await world.run([], SUDO)).toBe('root\n');
  expect(await both(['--security-opt', 'no-new-privileges'], SUDO)).toContain('"no new privileges" flag is set');
  expect(await both(['-u', 'games'], 'echo | su -c id 2>&1')).toContain('Authentication failure');
});

test('anybody may ping, and listen on a low port, in a network of their own', async () => {
  const plain = ['-u', 'games', '--cap-drop', 'ALL'];
  // The program of the image has a capability that may not be given here; a copy of it has none.
  const ping = 'cp /usr/bin/ping /tmp/ping && /tmp/ping -c 1 -W 5 127.0.0.1 | grep -o "0% packet loss"';
  expect(await world.run(plain, ping)).toBe('0% packet loss\n');
  const listen =
    'timeout 1 perl -MIO::Socket -e \'print IO::Socket::INET->new(Listen => 1, LocalPort => 80) ? "yes" : "no"\'';
  expect(await world.run(plain, listen)).toBe('yes');
  const shut = ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=1024', '--sysctl', 'net.ipv4.ping_group_range=1 0'];
  expect(await world.run([...plain, ...shut], `${listen}; ! (${ping}) 2>/dev/null`)).toBe('no');
});

test('strace sees what it starts; a sandbox in the sandbox takes more than is given', async () => {
  expect(
    await world.run(
      ['-u', 'games'],
      'strace -o /tmp/t -e trace=openat cat /etc/hostname >/dev/null && grep -c hostname /tmp/t',
    ),
  ).toBe('1\n');
  expect(await both([], 'bwrap --ro-bind / / true')).toContain('Operation not permitted');
  const given = [
    '--cap-add',
    'SYS_ADMIN',
    '--security-opt',
    'seccomp=unconfined',
    '--security-opt',
    'systempaths=unconfined',
  ];
  expect(await world.run(given, 'bwrap --ro-bind / / --proc /proc --unshare-pid id -un')).toBe('root\n');
});

test('cron and at run what they are told', async () => {
  const script = `atd; echo 'echo by-at >/tmp/at' | at now 2>/dev/null; ${until('test -s /tmp/at')}; cat /tmp/at
(echo '* * * * * root echo by-cron >/tmp/cron' >/etc/cron.d/job; cron; ${until('pgrep -x cron >/dev/null')}; echo ok)`;
  expect(await world.run([], script)).toBe('by-at\nok\n');
});

test('time zones and letters of several bytes', async () => {
  expect(await world.run(['-e', 'TZ=Asia/Tokyo'], 'date -d @0 "+%H %Z"')).toBe('09 JST\n');
  expect(await world.run(['-e', 'LC_ALL=C.UTF-8'], "printf '\\303\\244' | wc -m")).toBe('1\n');
});
