import { expect, test } from 'bun:test';
import { bootUnit, containerUnit, word, type UnitRequest } from './systemd-unit.ts';

const REQUEST: UnitRequest = {
  self: ['/usr/bin/sampan', '--root', '/var/lib/sampan'],
  root: '/var/lib/sampan',
  name: 'container-web',
  container: 'web',
  restart: 'on-failure',
  stopSeconds: 10,
  after: [],
  wants: [],
  requires: [],
  env: [],
  header: true,
};

test.each([
  ['plain-word:1@x=/y', 'plain-word:1@x=/y'],
  ['', '""'],
  ['two words', '"two words"'],
  ['100%', '100%%'],
  ['$HOME', '$$HOME'],
  ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
  ['line\nbreak', '"line\\nbreak"'],
  [';', '";"'],
])('%j is one word of a unit’s command line', (text, written) => {
  expect(word(text)).toBe(written);
});

test('the service of a container that exists starts and stops it', () => {
  const text = containerUnit({ ...REQUEST, after: ['db.service'], requires: ['db.service'], env: ['A=b c'] });
  expect(text).toContain('\nExecStart=/usr/bin/sampan --root /var/lib/sampan start --sdnotify=conmon web\n');
  expect(text).toContain('\nExecStop=/usr/bin/sampan --root /var/lib/sampan stop -t 10 web\n');
  expect(text).toContain('\nAfter=network-online.target db.service\n');
  expect(text).toContain('\nRequires=db.service\n');
  expect(text).toContain('\nEnvironment="A=b c"\n');
  expect(text).toContain('\nTimeoutStopSec=70\n');
});

test('one that makes its container anew leaves restarts and removal to systemd, and the program its own words', () => {
  const createdBy = ['--env=A=1', '--restart=always', '--rm=true', 'busybox', 'tool', '--rm=x', '$A'];
  const text = containerUnit({ ...REQUEST, createdBy });
  expect(text).toContain(
    'ExecStart=/usr/bin/sampan --root /var/lib/sampan run -d --name=web --sdnotify=conmon --env=A=1 busybox tool --rm=x $$A\n',
  );
  expect(text).toContain('\nExecStopPost=-/usr/bin/sampan --root /var/lib/sampan rm -f web\n');
  expect(containerUnit({ ...REQUEST, createdBy: ['--sdnotify=container', 'x'] })).toContain(
    ' --sdnotify=container x\n',
  );
});

test('the boot’s unit starts what it stops', () => {
  const text = bootUnit({ ...REQUEST, header: false });
  expect(text).toStartWith('[Unit]\n');
  expect(text).toContain('start --all --filter should-start-on-boot=true\n');
  expect(text).toContain('stop --all --filter should-start-on-boot=true --until-boot\n');
});
