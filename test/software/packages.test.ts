/** apt and dpkg within a container: they sync, rename, link and give files away as on a machine; then the result is an image. */
import { beforeAll, expect, test } from 'bun:test';
import { endsClean, softwareWorld, IMAGE, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

/** A package with a file of somebody's, a hard link, a setuid program, a diversion of a path and a script. */
const MAKE = `set -e
mkdir -p /repo/p/DEBIAN /repo/p/usr/share/greet /repo/p/usr/bin
cd /repo
printf 'Package: greet\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: greets\\n' >p/DEBIAN/control
printf '#!/bin/sh\\nset -e\\nadduser --system --quiet greeter 2>/dev/null || useradd -r greeter\\nchown greeter /usr/share/greet/a\\n' >p/DEBIAN/postinst
chmod 755 p/DEBIAN/postinst
echo hello >p/usr/share/greet/a; ln p/usr/share/greet/a p/usr/share/greet/b
cp /usr/bin/id p/usr/bin/greet-id; chmod 4755 p/usr/bin/greet-id
dpkg-deb -b p greet.deb >/dev/null
(dpkg-deb -I greet.deb control; echo Filename: ./greet.deb; echo Size: $(stat -c %s greet.deb); echo SHA256: $(sha256sum greet.deb | cut -c1-64)) >Packages
echo 'deb [trusted=yes] file:/repo ./' >/etc/apt/sources.list
export DEBIAN_FRONTEND=noninteractive
(apt-get -q update && apt-get -q -y install greet) >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
`;
const LOOK =
  'stat -c "%U %h" /usr/share/greet/b; su games -s /bin/sh -c greet-id | grep -o "euid=0(root)"; dpkg --verify greet';

test('a package is installed, replaced over files of the image, and kept by commit', async () => {
  const options = ['--name', 'apt'];
  const script = `${MAKE}${LOOK}
apt-get -q -y --reinstall install less -o Dir::Etc::sourcelist=/dev/null --no-download >/dev/null 2>&1 || true
dpkg-divert --quiet --rename --add /usr/bin/less; test -e /usr/bin/less.distrib`;
  const { status, stdout, stderr } = await world.sampan('run', ...options, IMAGE, 'sh', '-c', script);
  expect({ status, stdout, stderr: status === 0 ? '' : stderr }).toEqual({
    status: 0,
    stdout: 'greeter 2\neuid=0(root)\n',
    stderr: '',
  });
  expect((await world.sampan('commit', 'apt', 'greet:1')).status).toBe(0);
  const again = await world.sampan(
    'run',
    '--rm',
    'greet:1',
    'sh',
    '-c',
    `${LOOK}; apt-get -q -y remove greet >/dev/null; ls /usr/share/greet 2>&1`,
  );
  expect(again.stdout).toBe(
    "greeter 2\neuid=0(root)\nls: cannot access '/usr/share/greet': No such file or directory\n",
  );
  expect((await world.sampan('rm', 'apt')).status).toBe(0);
  expect((await world.sampan('rmi', 'greet:1')).status).toBe(0);
});
