/** Debian's dockerd by `--add-runtime`, on our containerd, with cgroup version 1 and no network of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { busyboxImage } from '#tools/image/busybox.ts';
import { containerd } from './containerd-world.ts';
import { docker, DOCKER_ENV, dockerd } from './docker-world.ts';
import { type Daemon, forgetGroups, GLUTTON, missing, run, runOnTerminal, STAYS, until } from './world.ts';

// The client of this Debian, or a newer one in its stead.
const reason = missing('containerd', 'dockerd', 'docker');
const env = DOCKER_ENV;

/** dockerd of this age loads no OCI layouts, but imports a root file system. */
function importImage(): void {
  const image = busyboxImage();
  const { layers } = JSON.parse(new TextDecoder().decode(image.manifest)) as { layers: { digest: string }[] };
  const layer = image.blobs.get(layers[0]?.digest ?? '');
  execFileSync('docker', ['import', '-', 'busybox'], { input: layer, env: { ...process.env, ...env } });
}

describe.skipIf(reason !== undefined)(`docker${reason === undefined ? '' : `: skipped, ${reason}`}`, () => {
  let daemons: Daemon[] = [];
  beforeAll(async () => {
    daemons = [await containerd()];
    daemons.unshift(await dockerd());
    importImage();
  }, 60_000);
  afterAll(async () => {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
    forgetGroups();
  });

  const inspect = (name: string, format: string): string => docker('inspect', '-f', format, name).stdout.trim();
  const RUN = ['run', '--network', 'none'];

  test('run gives output, input and status, and leaves nothing', () => {
    expect(docker(...RUN, '--rm', 'busybox', 'sh', '-c', 'echo hi; echo no >&2; exit 9')).toEqual({
      status: 9,
      stdout: 'hi\n',
      stderr: 'no\n',
    });
    expect(run(['docker', ...RUN, '--rm', '-i', 'busybox', 'cat'], { env, input: 'in\n' }).stdout).toBe('in\n');
    expect(docker('ps', '-aq').stdout).toBe('');
  });

  test('exec, logs, top, stats, pause, update, stop, restart, kill, remove', async () => {
    expect(docker(...RUN, '-d', '--name', 'one', '--memory', '64m', 'busybox', ...STAYS).status).toBe(0);
    expect(docker('exec', 'one', 'sh', '-c', 'echo in; exit 3')).toMatchObject({ status: 3, stdout: 'in\n' });
    await until(() => docker('logs', 'one').stderr !== '', 'there are logs');
    expect(docker('logs', 'one')).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
    expect(docker('top', 'one').stdout).toContain('trap "exit 7" TERM');
    expect(docker('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', 'one').stdout).toMatch(
      /^[\d.]+[KM]iB \/ 64MiB [12]\n$/,
    );
    expect(docker('pause', 'one').status).toBe(0);
    expect(inspect('one', '{{.State.Status}}')).toBe('paused');
    expect(docker('unpause', 'one').status).toBe(0);
    expect(docker('update', '--memory', '128m', '--memory-swap', '128m', '--cpus', '0.5', 'one').status).toBe(0);
    const group = `/sys/fs/cgroup/memory/docker/${inspect('one', '{{.Id}}')}`;
    expect(readFileSync(`${group}/memory.limit_in_bytes`, 'utf8').trim()).toBe(String(128 << 20));
    expect(docker('stop', 'one').status).toBe(0);
    expect(inspect('one', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 7');
    expect(docker('restart', 'one').status).toBe(0);
    expect(inspect('one', '{{.State.Status}}')).toBe('running');
    expect(docker('kill', 'one').status).toBe(0);
    expect(docker('rm', '-f', 'one').status).toBe(0);
    expect(docker('ps', '-aq').stdout).toBe('');
  });

  test('terminals for run and exec', () => {
    expect(runOnTerminal(['docker', ...RUN, '--rm', '-it', 'busybox', 'tty'], { env }).stdout).toContain(
      '/dev/pts/0\n',
    );
    docker(...RUN, '-d', '--name', 'two', 'busybox', 'sleep', '1000');
    expect(runOnTerminal(['docker', 'exec', '-it', 'two', 'tty'], { env }).stdout).toContain('/dev/pts/0\n');
    expect(docker('rm', '-f', 'two').status).toBe(0);
  });

  test('too much memory is told as such', () => {
    const limit = ['--memory', '16m', '--memory-swap', '16m'];
    expect(docker(...RUN, '--name', 'three', ...limit, 'busybox', ...GLUTTON).status).toBe(137);
    expect(inspect('three', '{{.State.OOMKilled}}')).toBe('true');
    expect(docker('rm', 'three').status).toBe(0);
  });

  test('what cannot be executed has the exit statuses of Docker', () => {
    const status = (...words: string[]) => docker(...RUN, '--rm', 'busybox', ...words).status;
    expect([status('nosuch'), status('/nosuch'), status('/etc/passwd'), status('/bin')]).toEqual([127, 127, 126, 126]);
    expect(docker('ps', '-aq').stdout).toBe('');
  });

  test('a restart policy, an init, no rights, a read-only root, devices, limits', async () => {
    const restarted = ['-d', '--name', 'four', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'echo x; exit 1'];
    expect(docker(...RUN, ...restarted).status).toBe(0);
    await until(() => docker('logs', 'four').stdout === 'x\nx\nx\n', 'it has run three times');
    docker('rm', '-f', 'four');
    const once = (options: string, script: string) =>
      docker(...RUN, '--rm', ...options.split(' '), 'busybox', 'sh', '-c', script).stdout;
    expect(once('--init', 'ps')).toMatch(/^ +1 root +\/sbin\/docker-init/m);
    expect(once('--cap-drop all --security-opt no-new-privileges', 'grep -E "CapBnd|NoNew" /proc/self/status')).toBe(
      'CapBnd:\t0000000000000000\nNoNewPrivs:\t1\n',
    );
    expect(once('--read-only --tmpfs /t:size=1m -u app', 'id -un; touch /x 2>&1; touch /t/x && echo made')).toContain(
      'app\ntouch: /x: Read-only file system\n',
    );
    expect(once('--device /dev/null:/dev/other', 'echo x >/dev/other && echo written')).toBe('written\n');
    expect(once('--ulimit nofile=100:200 --cpuset-cpus 0', 'ulimit -n; nproc')).toBe('100\n1\n');
  });
});
