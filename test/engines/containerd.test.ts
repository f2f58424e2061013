/** Debian's containerd by `ctr run --runc-binary`. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { containerd, ctr, SOCKET } from './containerd-world.ts';
import { type Daemon, forgetGroups, GLUTTON, IMAGE, missing, OURS, runOnTerminal, STAYS, until } from './world.ts';

const reason = missing('containerd', 'ctr');

describe.skipIf(reason !== undefined)(`containerd${reason === undefined ? '' : `: skipped, ${reason}`}`, () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await containerd();
  }, 60_000);
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    forgetGroups();
  });

  const RUN = ['run', '--runc-binary', OURS];
  const status = (id: string): string | undefined =>
    ctr('task', 'ls')
      .stdout.split('\n')
      .find((line) => line.startsWith(`${id} `))
      ?.split(/\s+/)[2];
  const forget = async (id: string): Promise<void> => {
    ctr('task', 'kill', '--signal', 'KILL', id);
    await until(() => status(id) !== 'RUNNING', `${id} has ended`);
    ctr('task', 'delete', id);
    expect(ctr('container', 'delete', id).status).toBe(0);
  };

  test('run gives the output and the status of the program, and leaves nothing', () => {
    expect(ctr(...RUN, '--rm', IMAGE, 'one', 'sh', '-c', 'echo hi; exit 9')).toMatchObject({
      status: 9,
      stdout: 'hi\n',
    });
    expect(ctr('container', 'ls', '-q').stdout).toBe('');
    expect(existsSync('/sys/fs/cgroup/memory/default/one')).toBe(false);
  });

  test('exec, exec on a terminal, ps, metrics, pause and resume, kill, delete', async () => {
    expect(ctr(...RUN, '-d', IMAGE, 'two', ...STAYS).status).toBe(0);
    expect(status('two')).toBe('RUNNING');
    const exec = (id: string, ...words: string[]) => ctr('task', 'exec', '--exec-id', id, 'two', ...words);
    expect(exec('e1', 'sh', '-c', 'echo in; exit 3')).toMatchObject({ status: 3, stdout: 'in\n' });
    expect(exec('e2', 'nosuch').stderr).toContain('executable file not found');
    const exec3 = ['ctr', '--address', SOCKET, 'task', 'exec', '--tty', '--exec-id', 'e3', 'two', 'tty'];
    expect(runOnTerminal(exec3).stdout).toContain('/dev/pts/0\n');
    expect(ctr('task', 'ps', 'two').stdout.trim().split('\n').length).toBeGreaterThanOrEqual(2);
    expect(ctr('task', 'metrics', 'two').stdout).toMatch(/memory\.usage_in_bytes +[1-9]/);
    expect(ctr('task', 'pause', 'two').status).toBe(0);
    expect(status('two')).toBe('PAUSED');
    expect(exec('e4', 'true').stderr).toContain('paused');
    expect(ctr('task', 'resume', 'two').status).toBe(0);
    expect(status('two')).toBe('RUNNING');
    expect(ctr('task', 'kill', '--signal', 'TERM', 'two').status).toBe(0);
    await until(() => status('two') === 'STOPPED', 'two has stopped');
    expect(ctr('task', 'kill', 'two').stderr).toContain('not found');
    expect(ctr('task', 'delete', 'two').stderr).toContain('exit code 7');
    expect(ctr('container', 'delete', 'two').status).toBe(0);
  });

  test('restart: a container gets a second task', async () => {
    expect(ctr(...RUN, '-d', IMAGE, 'three', ...STAYS).status).toBe(0);
    ctr('task', 'kill', '--signal', 'TERM', 'three');
    await until(() => status('three') === 'STOPPED', 'three has stopped');
    expect(ctr('task', 'delete', 'three').stderr).toContain('exit code 7');
    expect(ctr('task', 'start', '-d', 'three').status).toBe(0);
    expect(status('three')).toBe('RUNNING');
    await forget('three');
  });

  test('a terminal, limits and a pid file', async () => {
    const onTerminal = ['ctr', '--address', SOCKET, ...RUN, '--rm', '--tty', IMAGE, 'four', 'tty'];
    expect(runOnTerminal(onTerminal).stdout).toContain('/dev/pts/0\n');
    const limits = ['--memory-limit', String(64 << 20), '--pid-file', '/run/alone/five.pid'];
    expect(ctr(...RUN, '-d', ...limits, IMAGE, 'five', ...STAYS).status).toBe(0);
    const pid = readFileSync('/run/alone/five.pid', 'utf8');
    const group = /^\d+:memory:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    expect(readFileSync(`/sys/fs/cgroup/memory${group}/memory.limit_in_bytes`, 'utf8').trim()).toBe(String(64 << 20));
    await forget('five');
  });

  test('a program that is not there, and one that takes too much memory', () => {
    const absent = ctr(...RUN, '--rm', IMAGE, 'six', 'nosuch');
    expect(absent.status).not.toBe(0);
    expect(absent.stderr).toContain('OCI runtime create failed: exec "nosuch": executable file not found in');
    expect(ctr(...RUN, '--rm', '--memory-limit', String(16 << 20), IMAGE, 'seven', ...GLUTTON).status).toBe(137);
    expect(ctr('container', 'ls', '-q').stdout).toBe('');
  });
});
