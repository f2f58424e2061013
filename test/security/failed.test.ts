import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { attackWorld, type AttackWorld } from './attack.ts';

let world: AttackWorld;
let before: { mounts: string; processes: string[] };
beforeAll(() => {
  world = attackWorld();
});
beforeEach(() => {
  before = traces();
});
afterAll(() => world[Symbol.dispose]());

/** Mounts of the host, and processes that have to do with the bundle. */
const traces = () => ({
  mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
  processes: readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && isOfWorld(pid)),
});

function isOfWorld(pid: string): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/cgroup`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return text.includes(world.directory) || text.includes(`sampan-test-oci-${world.directory.slice(-6)}`);
  } catch {
    return false;
  }
}

const FAILURES: Record<string, (spec: Spec, process: Process) => void> = {
  'a program that is not there': (_, process) => (process.args = ['/nosuch']),
  'a file system that is not there': (spec) => void spec.mounts?.push({ destination: '/x', type: 'nosuchfs' }),
  'a mount over a file': (spec) => void spec.mounts?.push({ destination: '/etc/passwd', type: 'tmpfs' }),
  'a setting that the kernel refuses': (spec) => {
    spec.linux = { ...spec.linux, sysctl: { 'net.ipv4.ip_forward': 'x' } };
  },
  'a limit that the kernel refuses': (spec) => {
    spec.linux = { ...spec.linux, resources: { ...spec.linux?.resources, cpu: { cpus: '4000' } } };
  },
  'a namespace that is not there': (spec) => {
    const others = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'network');
    spec.linux = { ...spec.linux, namespaces: [...others, { type: 'network', path: '/proc/self/ns/nosuch' }] };
  },
  'a namespace of the wrong kind': (spec) => {
    const others = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'network');
    spec.linux = { ...spec.linux, namespaces: [...others, { type: 'network', path: '/proc/self/ns/ipc' }] };
  },
  'a namespace that is a file': (spec) => {
    const others = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'ipc');
    spec.linux = { ...spec.linux, namespaces: [...others, { type: 'ipc', path: '/etc/passwd' }] };
  },
  'a working directory that is a file': (_, process) => (process.cwd = '/etc/passwd'),
  'a device on a link': (spec) => {
    spec.linux = { ...spec.linux, devices: [{ path: '/bin/sh', type: 'c', major: 1, minor: 3 }] };
  },
};

describe('a start that fails leaves nothing: no group, mount, process or directory', () => {
  for (const [name, change] of Object.entries(FAILURES)) {
    test(name, () => {
      for (const verb of [['run'], ['run', '--detach'], ['create']]) {
        world.configure(['sleep', '1000'], change);
        const { status } = world.oci(...verb, 'fails');
        // What fails only at the exec is created well.
        if (verb[0] === 'create' && status === 0) expect(world.oci('start', 'fails').status).not.toBe(0);
        else expect(status).not.toBe(0);
        if (existsSync(join(world.directory, 'state/fails'))) world.oci('delete', '--force', 'fails');
        expect(world.leftovers()).toEqual([]);
        expect(traces()).toEqual(before);
      }
    });
  }
});

describe('a control group that is somebody else’s', () => {
  test('is refused, and it, its process and the other hierarchies stay as they were', async () => {
    const name = `sampan-test-oci-${world.directory.slice(-6)}-taken`;
    const hierarchies = readdirSync('/sys/fs/cgroup')
      .map((entry) => `/sys/fs/cgroup/${entry}`)
      .filter((path) => statSync(path).isDirectory() && existsSync(join(path, 'cgroup.procs')));
    for (const hierarchy of hierarchies.filter((path) => /\/(pids|memory|freezer)$/.test(path))) {
      const group = join(hierarchy, name);
      mkdirSync(group);
      const tenant = spawn('sleep', ['1000'], { stdio: 'ignore' });
      writeFileSync(join(group, 'cgroup.procs'), String(tenant.pid));
      const { status, stderr } = world.run('true', (spec) => {
        spec.linux = { ...spec.linux, cgroupsPath: `/${name}` };
      });
      expect({ group, refused: status !== 0 && stderr.includes('linux.cgroupsPath') }).toEqual({
        group,
        refused: true,
      });
      expect(readFileSync(join(group, 'cgroup.procs'), 'utf8')).toBe(`${tenant.pid}\n`);
      expect(tenant.exitCode ?? tenant.signalCode).toBeNull();
      tenant.kill('SIGKILL');
      await new Promise((resolve) => tenant.once('exit', resolve));
      rmdirSync(group);
      expect(world.leftovers()).toEqual([]);
    }
  });
});

test('a launch that fails before it has made its group does not end who is in one of that name', async () => {
  const name = `sampan-test-oci-${world.directory.slice(-6)}-taken`;
  const group = `/sys/fs/cgroup/pids/${name}`;
  mkdirSync(group);
  const tenant = spawn('sleep', ['1000'], { stdio: 'ignore' });
  writeFileSync(join(group, 'cgroup.procs'), String(tenant.pid));
  const { status } = world.run('true', (spec) => {
    const others = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'network');
    const missing = { type: 'network', path: '/proc/self/ns/nosuch' } as const;
    spec.linux = { ...spec.linux, cgroupsPath: `/${name}`, namespaces: [...others, missing] };
  });
  expect(status).not.toBe(0);
  expect(readFileSync(join(group, 'cgroup.procs'), 'utf8')).toBe(`${tenant.pid}\n`);
  tenant.kill('SIGKILL');
  await new Promise((resolve) => tenant.once('exit', resolve));
  rmdirSync(group);
  expect(world.leftovers()).toEqual([]);
});

describe('ids', () => {
  test('of eight that create one id at the same time exactly one wins, and its container works', async () => {
    for (let round = 0; round < 5; round++) {
      world.configure(['sleep', '1000'], (spec) => {
        spec.root = { path: 'rootfs', readonly: true };
      });
      const all = await Promise.all(Array.from({ length: 8 }, () => world.start('create', 'contested').ended));
      expect(all.filter(({ status }) => status === 0)).toHaveLength(1);
      for (const { status, stderr } of all) if (status !== 0) expect(stderr).toContain('exists already');
      expect(world.oci('start', 'contested').status).toBe(0);
      expect(world.oci('exec', 'contested', 'echo', 'works').stdout).toBe('works\n');
      expect(world.oci('delete', '--force', 'contested').status).toBe(0);
      expect(world.leftovers()).toEqual([]);
    }
  }, 60_000);

  test('that are being taken are not deleted without --force: somebody may be at it', () => {
    world.configure(['sleep', '1000']);
    expect(world.oci('create', 'young').status).toBe(0);
    // As it is before the first process is known.
    rmSync(join(world.directory, 'state/young/pid'));
    expect(world.oci('delete', 'young').status).not.toBe(0);
    expect(existsSync(join(world.directory, 'state/young'))).toBe(true);
    expect(world.oci('delete', '--force', 'young').status).toBe(0);
    expect(world.leftovers()).toEqual([]);
  });

  test('that are no plain name are refused by every verb', () => {
    world.configure(['true']);
    for (const id of [
      '..',
      '.',
      '',
      '../prey',
      'a/b',
      '/etc',
      '.hidden',
      'a b',
      'a\n',
      'x'.repeat(2000),
      'ü',
      '+/x',
      '*',
    ]) {
      for (const verb of ['run', 'create', 'start', 'state', 'kill', 'delete', 'exec']) {
        const { status } = world.oci(verb, '--', id, ...(verb === 'exec' ? ['true'] : []));
        expect({ id, verb, status }).not.toEqual({ id, verb, status: 0 });
      }
      const forced = world.oci('delete', '--force', '--', id);
      expect({ id, status: forced.status }).not.toEqual({ id, status: 0 });
    }
    expect(world.prey.changes()).toEqual([]);
    expect(traces()).toEqual(before);
  }, 60_000);
});
