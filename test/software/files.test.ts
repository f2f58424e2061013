/** Programs that are hard on a file system: SQLite's locks and maps, git's many files, tar's attributes. */
import { beforeAll, expect, test } from 'bun:test';
import { endsClean, IMAGE, softwareWorld, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

test.each(['delete', 'wal'])('SQLite (%s): writers side by side in two containers lose nothing', async (mode) => {
  const place = ['-v', `sqlite-${mode}:/data`];
  await world.run(place, `sqlite3 /data/db 'pragma journal_mode=${mode}; create table t(a)' >/dev/null`);
  const write = `for i in $(seq 20); do sqlite3 -cmd '.timeout 60000' -cmd 'pragma mmap_size=1000000' /data/db 'insert into t values (1)' >/dev/null & done; wait`;
  await Promise.all([world.run(place, write), world.run(place, write)]);
  const said = await world.run(
    place,
    `sqlite3 /data/db 'pragma mmap_size=1000000; select count(*) from t; pragma integrity_check'`,
  );
  expect(said).toBe('1000000\n40\nok\n');
  expect((await world.sampan('volume', 'rm', `sqlite-${mode}`)).status).toBe(0);
});

test('git with a thousand files on the root: commits, branches, packs and clones', async () => {
  const script = `set -e
git init -q /r; cd /r; git config user.email a@b; git config user.name a
mkdir d; for i in $(seq 1000); do echo $i >d/$i; done
git add .; git commit -qm one; git checkout -qb other; git mv d e; git commit -qm two
git gc -q; git fsck 2>&1; git status --porcelain; git clone -q . /c; ls /c/e | wc -l; git checkout -q master 2>/dev/null || git checkout -q main; ls d | wc -l`;
  expect(await world.run([], script)).toBe('1000\n1000\n');
});

test('what the image has can be renamed, linked, truncated and mapped, as if it were on one disk', async () => {
  const script = `set -e
mv /usr/share/perl5 /usr/share/perl-moved && test -d /usr/share/perl-moved && mv /usr/share/perl-moved /usr/share/perl5
ln /usr/bin/less /usr/bin/less2; rm /usr/bin/less; less2 --version | head -1 | cut -d' ' -f1
cp --reflink=auto /usr/bin/git /g; cmp /g /usr/bin/git; truncate -s 0 /usr/bin/git; test ! -s /usr/bin/git
flock -n /etc/passwd echo locked; df / >/dev/null; stat -f -c %T /`;
  expect(await world.run([], script)).toBe('less\nlocked\noverlayfs\n');
});

test('tar keeps attributes, capabilities, links and holes', async () => {
  const script = `set -e
mkdir /t; cd /t; echo x >f; setfattr -n user.note -v kept f; chown games f; setcap cap_net_raw+ep f; ln f g; ln -s f s; mkfifo p
truncate -s 100M hole; touch -d 2001-02-03 old
tar --xattrs --xattrs-include='*' --sparse -cf /t.tar .; rm -r /t/*; tar --xattrs --xattrs-include='*' -xpf /t.tar
getfattr --only-values -n user.note f; echo; getcap f; stat -c '%U %h' g; readlink s; stat -c %F p; stat -c %s hole; du -k hole | cut -f1; date -r old +%F`;
  expect(await world.run([], script)).toBe('kept\nf cap_net_raw=ep\ngames 2\nf\nfifo\n104857600\n0\n2001-02-03\n');
});

test('the same through a layer: commit and a new container', async () => {
  const script =
    'cd /srv; echo x >f; setcap cap_net_raw+ep f; chown games:games f; ln f g; mkdir -m 2775 d; chmod 1777 .; rm /etc/motd';
  expect((await world.sampan('run', '--name', 'made', IMAGE, 'sh', '-c', script)).status).toBe(0);
  expect((await world.sampan('commit', 'made', 'files:1')).status).toBe(0);
  const look = await world.sampan(
    'run',
    '--rm',
    'files:1',
    'sh',
    '-c',
    'cd /srv; getcap f; stat -c "%U %h" g; stat -c %a d .; test ! -e /etc/motd && echo gone',
  );
  // A change of owner takes capabilities away: the file has them no more.
  expect(look.stdout).toBe('games 2\n2775\n1777\ngone\n');
  expect((await world.sampan('rm', 'made')).status).toBe(0);
  expect((await world.sampan('rmi', 'files:1')).status).toBe(0);
});
