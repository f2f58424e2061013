/** Debian's podman by `--runtime`, under our own name and under crun's, by which podman knows what a runtime can do. */
import { afterAll, describe, expect, test } from 'bun:test';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  directoryOf,
  forgetGroups,
  GLUTTON,
  IMAGE,
  imageArchive,
  missing,
  OURS,
  run,
  runOnTerminal,
  STAYS,
  until,
} from './world.ts';

const reason = missing('podman', 'conmon');

/** Its limits must lie below what this session may have. */
const RUN = 'run --network none --ulimit nofile=20000:20000 --ulimit nproc=30000:30000'.split(' ');

interface Podman {
  argv: string[];
  env: Record<string, string>;
}

function podmanWith(runtime: string, name: string): Podman {
  const place = directoryOf(`podman-${name}`);
  const configuration = join(place, 'containers.conf');
  writeFileSync(
    configuration,
    '[containers]\nlog_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
  );
  const registries = join(place, 'registries.conf');
  writeFileSync(registries, 'unqualified-search-registries = []\n');
  const stores = ['--root', `${place}/root`, '--runroot', `${place}/run`, '--tmpdir', `${place}/tmp`];
  const ways = ['--cgroup-manager', 'cgroupfs', '--storage-driver', 'overlay', '--runtime', runtime];
  const env = { CONTAINERS_CONF: configuration, CONTAINERS_REGISTRIES_CONF: registries };
  return { argv: ['podman', ...stores, ...ways], env };
}

function namedCrun(): string {
  const path = join(directoryOf('bin'), 'crun');
  symlinkSync(OURS, path);
  return path;
}

describe.skipIf(reason !== undefined)(`podman${reason === undefined ? '' : `: skipped, ${reason}`}`, () => {
  afterAll(forgetGroups);
  const runtimes = reason === undefined ? [OURS, namedCrun()] : ['none'];
  describe.each(runtimes)('with %s', (runtime) => {
    const name = runtime === OURS ? 'sampan' : 'crun';
    const { argv, env } = podmanWith(runtime, name);
    const podman = (...args: string[]) => run([...argv, ...args], { env });
    const inspect = (id: string, format: string): string => podman('inspect', '-f', format, id).stdout.trim();

    test('takes an image; run gives output, input and status, and leaves nothing', () => {
      expect(podman('load', '-i', imageArchive(IMAGE, ['sh'])).status).toBe(0);
      const script = 'echo hi; echo no >&2; exit 9';
      expect(podman(...RUN, '--rm', IMAGE, 'sh', '-c', script)).toEqual({ status: 9, stdout: 'hi\n', stderr: 'no\n' });
      expect(run([...argv, ...RUN, '--rm', '-i', IMAGE, 'cat'], { env, input: 'in\n' }).stdout).toBe('in\n');
      expect(podman('ps', '-aq').stdout).toBe('');
    });

    test('exec, logs, top, stats, pause, update, stop, restart, kill, remove', async () => {
      expect(podman(...RUN, '-d', '--name', 'one', '--memory', '64m', IMAGE, ...STAYS).status).toBe(0);
      expect(podman('exec', 'one', 'sh', '-c', 'echo in; exit 3')).toMatchObject({ status: 3, stdout: 'in\n' });
      expect(podman('exec', '-d', 'one', 'touch', '/made').status).toBe(0);
      await until(() => podman('exec', 'one', 'test', '-e', '/made').status === 0, 'the detached program has run');
      expect(podman('logs', 'one')).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
      expect(podman('top', 'one', 'pid', 'comm').stdout).toMatch(/^1 +sh$/m);
      expect(podman('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', 'one').stdout).toMatch(
        /^[\d.]+[kM]B \/ 67\.11MB [12]\n$/,
      );
      expect(podman('pause', 'one').status).toBe(0);
      expect(inspect('one', '{{.State.Status}}')).toBe('paused');
      expect(podman('unpause', 'one').status).toBe(0);
      expect(podman('update', '--memory', '128m', '--cpus', '0.5', 'one').status).toBe(0);
      expect(podman('exec', 'one', 'cat', '/sys/fs/cgroup/memory/memory.limit_in_bytes').stdout).toBe(`${128 << 20}\n`);
      expect(podman('stop', 'one').status).toBe(0);
      expect(inspect('one', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 7');
      expect(podman('restart', 'one').status).toBe(0);
      expect(inspect('one', '{{.State.Status}}')).toBe('running');
      expect(podman('kill', 'one').status).toBe(0);
      expect(podman('rm', '-f', 'one').status).toBe(0);
      expect(podman('ps', '-aq').stdout).toBe('');
    });

    test('terminals for run and exec', () => {
      expect(runOnTerminal([...argv, ...RUN, '--rm', '-it', IMAGE, 'tty'], { env }).stdout).toContain('/dev/pts/0\n');
      podman(...RUN, '-d', '--name', 'two', IMAGE, 'sleep', '1000');
      expect(runOnTerminal([...argv, 'exec', '-it', 'two', 'tty'], { env }).stdout).toContain('/dev/pts/0\n');
      expect(podman('rm', '-f', '-t', '0', 'two').status).toBe(0);
    });

    test('too much memory, and what cannot be executed, have the exit statuses of podman', () => {
      const limit = ['--memory', '16m', '--memory-swap', '16m'];
      expect(podman(...RUN, '--rm', ...limit, IMAGE, ...GLUTTON).status).toBe(137);
      const status = (...words: string[]) => podman(...RUN, '--rm', IMAGE, ...words).status;
      expect([status('nosuch'), status('/nosuch'), status('/etc/passwd')]).toEqual([127, 127, 126]);
      podman(...RUN, '-d', '--name', 'three', IMAGE, 'sleep', '1000');
      expect([podman('exec', 'three', 'nosuch').status, podman('exec', 'three', '/bin').status]).toEqual([127, 126]);
      expect(podman('rm', '-f', '-t', '0', 'three').status).toBe(0);
    });

    test('a pod, an init, id maps, a volume, no rights, a read-only root', () => {
      const pod = ['pod', 'create', '--name', 'p', '--network', 'none', '--infra-image', IMAGE];
      expect(podman(...pod, '--infra-command', 'sleep 1000').status).toBe(0);
      expect(podman('run', '-d', '--pod', 'p', '--name', 'four', IMAGE, 'sleep', '1000').status).toBe(0);
      expect(podman('pod', 'rm', '-f', '-t', '0', 'p').status).toBe(0);
      const once = (options: string, script: string) =>
        podman(...RUN, '--rm', ...options.split(' '), IMAGE, 'sh', '-c', script).stdout;
      expect(once('--init', 'ps')).toMatch(/^ +1 root +\/run\/podman-init/m);
      expect(
        once('--uidmap 0:100000:5000 --gidmap 0:100000:5000', 'cat /proc/self/uid_map; touch /x; ls -n /x'),
      ).toMatch(/0 +100000 +5000\n.* 0 +0 /);
      expect(once('-v vol:/vol', 'touch /vol/a && ls /vol')).toBe('a\n');
      expect(once('--cap-drop all --security-opt no-new-privileges', 'grep -E "CapBnd|NoNew" /proc/self/status')).toBe(
        'CapBnd:\t0000000000000000\nNoNewPrivs:\t1\n',
      );
      expect(once('--read-only --tmpfs /t -u app', 'id -un; touch /x 2>&1')).toContain('app\ntouch: /x: Read-only');
      expect(podman('ps', '-aq').stdout).toBe('');
    });
  });
});
