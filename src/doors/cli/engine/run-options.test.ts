import { expect, test } from 'bun:test';
import { parseFlags } from '#doors/cli/flags.ts';
import { CONTAINER_FLAGS, containerOptions } from './run-options.ts';

const read = (line: string, env: Record<string, string> = {}) => {
  const { flags, rest } = parseFlags(line.split(' '), CONTAINER_FLAGS, true);
  return containerOptions(flags, rest.slice(1), env);
};

test("docker's spellings are read", () => {
  const options = read(
    '-it --rm -e A=1 -eB=2 --env OWN -m 512m --cpus=1.5 --pids-limit -1 -u app:staff -w /w -v /s:/d:ro,noexec image cmd --rm',
    { OWN: 'mine' },
  );
  expect(options).toMatchObject({
    tty: true,
    interactive: true,
    autoRemove: true,
    env: ['A=1', 'B=2', 'OWN=mine'],
    memory: 536870912,
    cpus: 1.5,
    pidsLimit: -1,
    user: 'app:staff',
    workdir: '/w',
    command: ['cmd', '--rm'],
    binds: [{ source: '/s', destination: '/d', readOnly: true, options: ['noexec'] }],
  });
});

test("an empty entrypoint clears the image's", () => {
  expect(read('--entrypoint= image').entrypoint).toEqual([]);
  expect(read('image').entrypoint).toBeUndefined();
});

test('each refusal names its option', () => {
  const cases: [string, string][] = [
    ['-m 1k image', '--memory'],
    ['-m lots image', '--memory'],
    ['--cpus 0 image', '--cpus'],
    ['--pids-limit x image', '--pids-limit'],
    ['-v s image', '--volume'],
    ['-v name:d image', '--volume'],
    ['-v :/d image', '--volume'],
    ['-v /s:/d:nocopy image', '--volume'],
    ['-v name:/d:ro,rw image', '--volume'],
    ['-v name:/d:U image', '--volume'],
    ['--volumes-from box:maybe image', '--volumes-from'],
    ['--mount type=volume,src=n,dst=/d,volume-subpath=a/../.. image', '--mount'],
    ['-v /s:/ image', '--volume'],
    ['-v /s:/d:ro:x image', '--volume'],
    ['--network none --network back image', '--network'],
    ['--network back --network-alias a -p 70000:1 image', '--publish'],
    ['-h -bad image', '--hostname'],
    ['-e =x image', '--env'],
    ['-l =x image', '--label'],
    ['--stop-timeout soon image', '--stop-timeout'],
  ];
  for (const [line, field] of cases) expect(() => read(line)).toThrow(`read ${field}`);
});

test('--systemd is found out, enforced or left out', () => {
  expect(read('image /sbin/init').systemd).toBeUndefined();
  expect(read('--systemd=true image /sbin/init').systemd).toBeUndefined();
  expect(read('--systemd always image run').systemd).toBe('always');
  expect(read('--systemd=false image /sbin/init').systemd).toBe('never');
  expect(() => read('--systemd=yes image')).toThrow('--systemd: "yes" is none of true, always and false');
});
