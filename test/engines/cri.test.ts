/** Debian's containerd by its CRI plugin, as a kubelet would call it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerd, SOCKET } from './containerd-world.ts';
import { Cri, EXITED, NODE, RUNNING } from './cri.ts';
import type { Fields } from './protobuf.ts';
import { type Daemon, directoryOf, forgetGroups, GLUTTON, IMAGE, missing, PLACE, STAYS, until } from './world.ts';

const reason = missing('containerd', 'ctr');
const LOGS = join(PLACE, 'pod-logs');

describe.skipIf(reason !== undefined)(`the CRI${reason === undefined ? '' : `: skipped, ${reason}`}`, () => {
  let daemon: Daemon;
  let cri: Cri;
  let pod: string;
  const sandbox: Fields = {
    metadata: { name: 'pod', uid: 'pod-uid', namespace: 'default' },
    log_directory: LOGS,
    linux: { cgroup_parent: '/sampan-test-engines', security_context: { namespace_options: { network: NODE } } },
  };
  beforeAll(async () => {
    daemon = await containerd();
    directoryOf('pod-logs');
    cri = new Cri(SOCKET);
    pod = (await cri.call('RunPodSandbox', { config: sandbox }))['pod_sandbox_id'] as string;
  }, 60_000);
  afterAll(async () => {
    cri[Symbol.dispose]();
    await daemon[Symbol.asyncDispose]();
    forgetGroups();
  });

  async function create(
    name: string,
    command: readonly string[],
    more: Fields = {},
    into = { id: pod, config: sandbox },
  ): Promise<string> {
    const config = { metadata: { name }, image: { image: IMAGE }, command: [...command], log_path: name, ...more };
    const made = await cri.call('CreateContainer', { pod_sandbox_id: into.id, config, sandbox_config: into.config });
    return made['container_id'] as string;
  }
  const start = (id: string) => cri.call('StartContainer', { container_id: id });
  const status = async (id: string): Promise<Fields> =>
    (await cri.call('ContainerStatus', { container_id: id }))['status'] as Fields;
  const ended = async (id: string): Promise<Fields> => {
    await until(async () => (await status(id))['state'] === EXITED, 'the container has ended');
    return status(id);
  };
  async function exec(id: string, ...cmd: string[]): Promise<{ out: string; err: string; code: number }> {
    const done = await cri.call('ExecSync', { container_id: id, cmd, timeout: 20 });
    const text = (name: string): string => Buffer.from(done[name] as Uint8Array).toString();
    return { out: text('stdout'), err: text('stderr'), code: done['exit_code'] as number };
  }
  /** (`rejects` of Bun waits in a way that lets no answer come in.) */
  const failure = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => '',
      (error: unknown) => String(error),
    );
  /** Lines of a container's log without their times. */
  const log = (name: string): string[] =>
    readFileSync(join(LOGS, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(line.indexOf(' ') + 1));

  test('run, logs, exec, stats, update, stop, remove', async () => {
    const resources = { memory_limit_in_bytes: 64 << 20, cpu_shares: 512, oom_score_adj: 500 };
    const id = await create('a', STAYS, { linux: { resources } });
    await start(id);
    expect(await status(id)).toMatchObject({ state: RUNNING });
    expect(await exec(id, 'sh', '-c', 'echo in; echo no >&2; exit 3')).toEqual({ out: 'in\n', err: 'no\n', code: 3 });
    expect(await exec(id, 'cat', '/proc/self/oom_score_adj')).toMatchObject({ out: '500\n' });
    expect(await failure(exec(id, 'nosuch'))).toContain('executable file not found');
    const stats = (await cri.call('ContainerStats', { container_id: id }))['stats'] as Record<string, never>;
    expect(stats['memory']).toMatchObject({ working_set_bytes: { value: expect.any(Number) } });
    const linux = { memory_limit_in_bytes: 128 << 20, cpu_quota: 50_000, cpu_period: 100_000 };
    await cri.call('UpdateContainerResources', { container_id: id, linux });
    const files = ['memory/memory.limit_in_bytes', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares'];
    expect(await exec(id, 'cat', ...files.map((file) => `/sys/fs/cgroup/${file}`))).toMatchObject({
      out: `${128 << 20}\n50000\n512\n`,
    });
    await cri.call('StopContainer', { container_id: id, timeout: 10 });
    expect(await status(id)).toMatchObject({ state: EXITED, exit_code: 7, reason: 'Error' });
    expect(log('a').toSorted()).toEqual(['stderr F err', 'stdout F out']);
    await cri.call('RemoveContainer', { container_id: id });
  });

  test('an exec that takes too long is ended', async () => {
    const id = await create('b', STAYS);
    await start(id);
    const late = cri.call('ExecSync', { container_id: id, cmd: ['sleep', '123'], timeout: 1 });
    expect(await failure(late)).toContain('timeout 1s exceeded');
    await until(async () => !(await exec(id, 'ps')).out.includes('sleep 123'), 'the program has ended');
    await cri.call('StopContainer', { container_id: id });
  });

  test('a terminal, a user without rights, and a read-only root', async () => {
    const id = await create('c', ['tty'], { tty: true });
    await start(id);
    expect(await ended(id)).toMatchObject({ exit_code: 0, reason: 'Completed' });
    expect(log('c')).toEqual(['stdout F /dev/pts/0']);
    const limits = { run_as_user: { value: 1000 }, no_new_privs: true, readonly_rootfs: true };
    const words = 'id -u; touch /x; grep -E "CapEff|NoNewPrivs" /proc/self/status';
    const other = await create('d', ['sh', '-c', words], { linux: { security_context: limits } });
    await start(other);
    await ended(other);
    // Two pipes: which line came first is not told.
    expect(log('d').toSorted()).toEqual([
      'stderr F touch: /x: Read-only file system',
      'stdout F 1000',
      'stdout F CapEff:\t0000000000000000',
      'stdout F NoNewPrivs:\t1',
    ]);
  });

  test('too much memory is told as such, a missing program as one that could not be started', async () => {
    const id = await create('e', GLUTTON, { linux: { resources: { memory_limit_in_bytes: 16 << 20 } } });
    await start(id);
    expect(await ended(id)).toMatchObject({ exit_code: 137, reason: 'OOMKilled' });
    const absent = await create('f', ['nosuch']);
    expect(await failure(start(absent))).toContain('executable file not found');
    expect(await ended(absent)).toMatchObject({ reason: 'StartError', message: expect.stringContaining('nosuch') });
  });

  test('a pod with a network, a name and settings of its own', async () => {
    const own: Fields = {
      metadata: { name: 'net', uid: 'net-uid', namespace: 'default' },
      hostname: 'pod',
      log_directory: LOGS,
      linux: { cgroup_parent: '/sampan-test-engines', sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' } },
    };
    const made = (await cri.call('RunPodSandbox', { config: own }))['pod_sandbox_id'] as string;
    const id = await create('h', STAYS, {}, { id: made, config: own });
    await start(id);
    const words = 'hostname; ip -o -4 addr show eth0; cat /proc/sys/net/ipv4/ip_unprivileged_port_start';
    expect(await exec(id, 'sh', '-c', words)).toMatchObject({
      out: expect.stringMatching(/^pod\n.* inet 10\.99\.0\.\d+\/24 .*\n80\n$/),
    });
    expect((await exec(id, 'ps')).out).toContain('sleep 1000000');
    await cri.call('StopPodSandbox', { pod_sandbox_id: made });
    await cri.call('RemovePodSandbox', { pod_sandbox_id: made });
  });

  test('the pod is stopped and removed with everything in it', async () => {
    const id = await create('g', STAYS);
    await start(id);
    await cri.call('StopPodSandbox', { pod_sandbox_id: pod });
    expect(await status(id)).toMatchObject({ state: EXITED });
    await cri.call('RemovePodSandbox', { pod_sandbox_id: pod });
    expect((await cri.call('ListPodSandbox'))['items']).toEqual([]);
  });
});
