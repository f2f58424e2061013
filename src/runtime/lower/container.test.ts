import { describe, expect, test } from 'bun:test';
import { encodePlan } from '#kernel/encode.ts';
import { LIMITED_HOST, V1_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { CLONE } from '#kernel/linux.ts';
import { lowerContainer } from './container.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';

const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
const userNamespace = {
  namespaces: [{ type: 'mount' as const }, { type: 'pid' as const }, { type: 'user' as const }],
  uidMappings: mapping,
  gidMappings: mapping,
};
const wire = { hostname: '' };

describe('the default container', () => {
  for (const [name, facts] of Object.entries({ hybrid: CONTEXT.facts, v1: V1_HOST, v2: V2_HOST })) {
    test(`can be encoded on ${name}, and says where each deciding step came from`, () => {
      const { plan } = lowerContainer(spec(), { ...CONTEXT, facts });
      expect(encodePlan(plan).length).toBeGreaterThan(1000);
      const plumbing = new Set(['close', 'channel', 'wait', 'post', 'supervise', 'pidfile', 'prctl']);
      const orphans = plan.programs.flatMap(({ steps }) =>
        steps.filter((step) => !plumbing.has(step.op) && !step.origin),
      );
      expect(orphans).toEqual([]);
    });
  }

  test('makes all namespaces but cgroup with the clone, and that one after the join', () => {
    const { plan } = lowerContainer(spec(), CONTEXT);
    const flags = CLONE.newns | CLONE.newpid | CLONE.newnet | CLONE.newipc | CLONE.newuts;
    expect(one(program(plan, 'main'), 'clone').flags).toBe(flags);
    const init = program(plan, 'init');
    expect(one(init, 'unshare').flags).toBe(CLONE.newcgroup);
    expect(inOrder(init, is('writeSlot'), is('unshare'), is('propagation'), is('fsmount'))).toBe(true);
  });

  test('looks for the program when it waits for a start, before a filter can deny that', () => {
    const search = (process: object, more: object = {}): string[] => {
      const seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW' as const,
        syscalls: [{ names: ['access'], action: 'SCMP_ACT_KILL_PROCESS' as const }],
      };
      const asked = spec(more, process, { seccomp });
      const hold = { ...CONTEXT, mode: 'hold' as const, paths: { go: '/s/go', report: '/s/report' } };
      const steps = program(lowerContainer(asked, hold).plan, 'init').map((step) => step.op);
      return steps.filter((op) => ['findProgram', 'seccomp', 'ids', 'awaitGo'].includes(op));
    };
    expect(search({ noNewPrivileges: false })).toEqual(['findProgram', 'seccomp', 'ids', 'awaitGo']);
    expect(search({ noNewPrivileges: true })).toEqual(['ids', 'findProgram', 'awaitGo', 'seccomp']);
    const hooks = { startContainer: [{ path: '/bin/install' }] };
    expect(search({ noNewPrivileges: true }, { hooks })).toEqual(['ids', 'awaitGo', 'seccomp']);
    expect(all(program(lowerContainer(spec(), CONTEXT).plan, 'init'), 'findProgram')).toEqual([]);
  });

  test('runs nothing of the image before the limits stand', () => {
    const init = program(lowerContainer(spec(), CONTEXT).plan, 'init');
    expect(inOrder(init, is('pivot'), is('wait'), is('ids'), is('caps'), is('exec'))).toBe(true);
    expect(init.at(-1)?.op).toBe('exec');
  });

  test('hides what is to be hidden after all mounts and devices, before it leaves the host', () => {
    const init = program(lowerContainer(spec(), CONTEXT).plan, 'init');
    expect(inOrder(init, is('attach'), is('mknod'), is('readonly'), is('mask'), is('pivot'))).toBe(true);
    expect(init.findLastIndex(is('attach'))).toBeLessThan(init.findIndex(is('mask')));
    expect(all(init, 'mask').length).toBe(10);
  });

  test('drops the bounding set before it changes the user, and sets the rest after', () => {
    const init = program(lowerContainer(spec(), CONTEXT).plan, 'init');
    expect(inOrder(init, is('umask'), is('cwd'), is('prctl'), is('dropBounding'), is('ids'), is('caps'))).toBe(true);
    const caps = one(init, 'caps');
    expect([caps.permitted, caps.inheritable, caps.ambient]).toEqual([(1n << 5n) | (1n << 10n) | (1n << 29n), 0n, 0n]);
  });
});

describe('control groups', () => {
  test('version 1: the child moves itself into each hierarchy before anything else', () => {
    const { plan, cgroups } = lowerContainer(spec(), CONTEXT);
    const init = program(plan, 'init');
    expect(all(init, 'writeSlot').map((step) => step.data)).toEqual(Array(7).fill('0'));
    expect(init.findLastIndex(is('writeSlot'))).toBeLessThan(init.findIndex(is('propagation')));
    expect(cgroups).toContain('/sys/fs/cgroup/cpu,cpuacct/box');
    expect(all(program(plan, 'main'), 'inherit').map((step) => step.to)).toEqual([
      '/sys/fs/cgroup/cpuset/box/cpuset.cpus',
      '/sys/fs/cgroup/cpuset/box/cpuset.mems',
    ]);
  });

  test('version 2: the clone is born in the group, missing controllers are passed down level by level', () => {
    const { plan, cgroups } = lowerContainer(spec({}, {}, { cgroupsPath: '/a/b' }), { ...CONTEXT, facts: V2_HOST });
    const main = program(plan, 'main');
    expect(cgroups).toEqual(['/sys/fs/cgroup/a/b']);
    expect(one(main, 'clone').cgroup).toBe('cgroup');
    const enabled = all(main, 'write').filter((step) => step.path.endsWith('subtree_control'));
    expect(enabled.map((step) => `${step.path.slice(14)} ${step.data}`)).toEqual([
      '/cgroup.subtree_control +cpuset',
      '/cgroup.subtree_control +cpu',
      '/cgroup.subtree_control +io',
      '/cgroup.subtree_control +hugetlb',
      ...['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'].map((name) => `/a/cgroup.subtree_control +${name}`),
    ]);
  });

  test('version 2: the device program is attached once the nodes are made, before anything of the image runs', () => {
    const { plan } = lowerContainer(spec(), { ...CONTEXT, facts: V2_HOST });
    const main = program(plan, 'main');
    expect(one(main, 'deviceProgram')).toMatchObject({ cgroup: 'cgroup', origin: 'linux.resources.devices' });
    expect(one(main, 'deviceProgram').onError).toBeUndefined();
    expect(inOrder(main, is('clone'), is('wait'), is('deviceProgram'), is('post'))).toBe(true);
    const init = program(plan, 'init');
    expect(inOrder(init, is('mknod'), is('post'), is('pivot'), is('wait'), is('exec'))).toBe(true);
  });

  test('version 2: there is no device program when nothing is denied, nor where none may be loaded', () => {
    const resources = { devices: [{ allow: true, access: 'rwm' }] };
    const open = lowerContainer(spec({}, {}, { resources }), { ...CONTEXT, facts: V2_HOST });
    expect(all(program(open.plan, 'main'), 'deviceProgram')).toEqual([]);
    const facts = { ...V2_HOST, inUserNamespace: true };
    const nested = lowerContainer(spec(), { ...CONTEXT, facts });
    expect(all(program(nested.plan, 'main'), 'deviceProgram')).toEqual([]);
    expect(nested.warnings).toEqual([]);
    const denied = { devices: [{ allow: true }, { allow: false, type: 'c' as const, major: 1, minor: 8 }] };
    expect(lowerContainer(spec({}, {}, { resources: denied }), { ...CONTEXT, facts }).warnings).toEqual([
      'linux.resources.devices has no effect: only root can have a group held to its devices',
    ]);
  });

  test('version 1: without the devices controller nothing is started that is not allowed every device', () => {
    const hierarchies = V1_HOST.cgroup.hierarchies.filter(({ name }) => name !== 'devices');
    const facts = { ...V1_HOST, cgroup: { ...V1_HOST.cgroup, hierarchies } };
    expect(() => lowerContainer(spec(), { ...CONTEXT, facts })).toThrow('"devices" is not mounted');
    const resources = { devices: [{ allow: true, access: 'rwm' }] };
    expect(lowerContainer(spec({}, {}, { resources }), { ...CONTEXT, facts }).warnings).toEqual([]);
    expect(lowerContainer(spec(), { ...CONTEXT, facts: { ...facts, inUserNamespace: true } }).warnings).toEqual([]);
  });

  test('limits are written by their version, with the field as origin', () => {
    const resources = { memory: { limit: 1 << 26 }, cpu: { shares: 512, quota: 5000 }, pids: { limit: 9 } };
    const writes = (facts: typeof V1_HOST): string[] =>
      all(program(lowerContainer(spec({}, {}, { resources }), { ...CONTEXT, facts }).plan, 'main'), 'write')
        .filter((step) => step.origin?.startsWith('linux.resources'))
        .map((step) => `${step.path.slice(14)}=${step.data}`);
    expect(writes(V1_HOST)).toEqual([
      '/memory/box/memory.limit_in_bytes=67108864',
      '/cpu,cpuacct/box/cpu.shares=512',
      '/cpu,cpuacct/box/cpu.cfs_quota_us=5000',
      '/pids/box/pids.max=9',
    ]);
    expect(writes(V2_HOST)).toEqual([
      '/box/memory.max=67108864',
      '/box/cpu.weight=59',
      '/box/cpu.max=5000 100000',
      '/box/pids.max=9',
    ]);
  });

  test('a path that climbs, and a systemd path, are refused', () => {
    expect(() => lowerContainer(spec({}, {}, { cgroupsPath: '/a/../..' }), CONTEXT)).toThrow('climbs');
    expect(() => lowerContainer(spec({}, {}, { cgroupsPath: 'system.slice:x:y' }), CONTEXT)).toThrow('systemd');
  });
});

test('a group that the container may divide is its root’s, of version 2 and with ids of its own', () => {
  const own = (options: string[], facts = V2_HOST, more: object = {}) => {
    const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const mounts = [{ destination: '/sys/fs/cgroup', type: 'cgroup', options }];
    const namespaces = (['user', 'cgroup', 'mount', 'pid'] as const).map((type) => ({ type }));
    const asked = spec({ mounts }, {}, { namespaces, uidMappings: map, gidMappings: map, ...more });
    return all(program(lowerContainer(asked, { ...CONTEXT, facts }).plan, 'main'), 'own');
  };
  expect(own([])).toHaveLength(1);
  expect(own([])[0]).toMatchObject({
    uid: 100_000,
    paths: expect.arrayContaining(['/sys/fs/cgroup/box', '/sys/fs/cgroup/box/cgroup.procs']),
  });
  expect(own(['ro'])).toEqual([]);
  expect(own([], V1_HOST)).toEqual([]);
  expect(own([], V2_HOST, { namespaces: [{ type: 'mount' }], uidMappings: [], gidMappings: [] })).toEqual([]);
});

describe('a user namespace', () => {
  const { plan } = lowerContainer(spec(wire, {}, userNamespace), CONTEXT);
  const main = program(plan, 'main');
  const init = program(plan, 'init');

  test('is mapped by the first program before init does anything in it', () => {
    expect(BigInt(one(main, 'clone').flags) & BigInt(CLONE.newuser)).toBe(BigInt(CLONE.newuser));
    expect(one(main, 'idmap').uidMap).toBe('0 100000 65536\n');
    expect(inOrder(main, is('clone'), is('idmap'), is('post'))).toBe(true);
    expect(init.slice(0, 2).map((step) => step.op)).toEqual(['close', 'wait']);
    // Into its control groups while it is still whom those belong to.
    expect(inOrder(init, is('writeSlot'), is('ids'), is('fsmount'))).toBe(true);
  });

  test('has its root opened with the rights of the host, cut off from it', () => {
    expect(inOrder(main, is('tree'), is('mountAttr'), is('clone'))).toBe(true);
    expect(all(init, 'tree')).toEqual([]);
  });

  test('gets its device nodes by binds', () => {
    expect(all(init, 'mknod')).toEqual([]);
    expect(all(init, 'bindDevice').map((step) => step.path)).toContain('/dev/null');
  });
});

describe('modes', () => {
  test('hold: init waits at the fifo, after everything but exec', () => {
    const paths = { go: '/run/go', report: '/run/report', state: '/run/pid', pidFile: '/tmp/pid' };
    const { plan } = lowerContainer(spec(), { ...CONTEXT, mode: 'hold', paths });
    const init = program(plan, 'init');
    expect(init.slice(-4).map((step) => step.op)).toEqual(['close', 'reportTo', 'awaitGo', 'exec']);
    const closed = new Set(all(init, 'close').map((step) => step.slot));
    for (const { out } of [...all(init, 'fsmount'), ...all(init, 'mkpath'), ...all(init, 'tree')]) {
      if (out !== undefined) expect(closed).toContain(out);
    }
    const main = program(plan, 'main');
    expect(main.some(is('supervise'))).toBe(false);
    expect(main.at(-1)).toMatchObject({ op: 'pidfile', path: '/tmp/pid' });
    expect(inOrder(main, is('mkfifo'), is('open'), is('clone'), is('pidfile'), is('wait'))).toBe(true);
  });

  test('run: the first program supervises, then removes the groups', () => {
    const main = program(lowerContainer(spec(), { ...CONTEXT, cleanUp: true }).plan, 'main');
    expect(inOrder(main, is('supervise'), is('rmdir'))).toBe(true);
    expect(main.at(-1)?.op).toBe('rmdir');
  });

  test('detached: the first program stays until the exec is over', () => {
    const { plan } = lowerContainer(spec(), { ...CONTEXT, mode: 'detached' });
    const main = program(plan, 'main');
    expect(main.slice(-2)).toMatchObject([{ op: 'wait' }, { op: 'wait', onError: 'ignore' }]);
    expect(program(plan, 'init').filter((step) => step.op === 'close' && step.slot === 'to.main')).toEqual([]);
  });

  test('an extra init stands between the first process and the program, with no more rights than that', () => {
    const init = program(lowerContainer(spec(), { ...CONTEXT, init: true }).plan, 'init');
    expect(inOrder(init, is('wait'), is('ids'), is('caps'), is('init'), is('exec'))).toBe(true);
  });
});

describe('terminals', () => {
  test('are opened once the rules for devices stand, which on version 1 deny everything at first', () => {
    const lowered = (facts: typeof V1_HOST, more: object = {}) =>
      lowerContainer(spec(more, { terminal: true }), { ...CONTEXT, facts, terminal: { kind: 'relay' } }).plan;
    const between = (...args: Parameters<typeof lowered>): string[] => {
      const init = program(lowered(...args), 'init').map((step) => step.op);
      expect(init.lastIndexOf('mknod')).toBeLessThan(init.indexOf('post'));
      return init.slice(init.indexOf('post') + 1, init.indexOf('pty')).filter((op) => op === 'wait' || op === 'post');
    };
    expect(between(V1_HOST)).toEqual(['wait']);
    const main = program(lowered(V1_HOST), 'main');
    const last = main.findLastIndex((step) => step.op === 'write' && step.path.endsWith('/devices.allow'));
    expect(main.slice(last + 1, last + 3).map((step) => step.op)).toEqual(['post', 'recvFd']);
    expect(between(V2_HOST)).toEqual(['wait']);
    expect(between(V1_HOST, { hooks: { createRuntime: [{ path: '/bin/true' }] } })).toEqual(['post', 'wait', 'wait']);
  });

  const withTerminal = spec({}, { terminal: true, consoleSize: { height: 24, width: 80 } });

  test('relay: the master goes to the first program', () => {
    const { plan } = lowerContainer(withTerminal, { ...CONTEXT, terminal: { kind: 'relay' } });
    expect(one(program(plan, 'main'), 'supervise').tty).toBe('terminal');
    const init = program(plan, 'init');
    expect(inOrder(init, is('pivot'), is('pty'), is('setsid'), is('controllingTty'), is('stdio'), is('sendFd'))).toBe(
      true,
    );
    expect(one(init, 'pty')).toMatchObject({ rows: 24, columns: 80, noConsole: 0 });
  });

  test('a socket is connected by the first program', () => {
    const { plan } = lowerContainer(withTerminal, { ...CONTEXT, terminal: { kind: 'socket', path: '/run/s' } });
    expect(one(program(plan, 'main'), 'connect').path).toBe('/run/s');
  });

  test('the slot of a monitor comes after preserved descriptors', () => {
    const context = { ...CONTEXT, terminal: { kind: 'inherited' as const }, preserveFds: 2 };
    expect(lowerContainer(withTerminal, context).plan.inherited).toEqual(['preserved.0', 'preserved.1', 'console']);
  });

  test('nowhere to send it, and a socket without a terminal, are refused', () => {
    expect(() => lowerContainer(withTerminal, CONTEXT)).toThrow('console socket');
    expect(() => lowerContainer(spec(), { ...CONTEXT, terminal: { kind: 'socket', path: '/s' } })).toThrow('terminal');
  });
});

describe('seccomp', () => {
  const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] };

  test('goes last when no_new_privs is set', () => {
    const init = program(lowerContainer(spec({}, {}, { seccomp }), CONTEXT).plan, 'init');
    expect(init.slice(-2).map((step) => step.op)).toEqual(['seccomp', 'exec']);
  });

  test('is loaded while rights are held when it is not', () => {
    const { plan } = lowerContainer(spec({}, { noNewPrivileges: false }, { seccomp }), CONTEXT);
    expect(inOrder(program(plan, 'init'), is('seccomp'), is('dropBounding'), is('ids'), is('exec'))).toBe(true);
  });
});

describe('a host without CAP_SYS_RESOURCE', () => {
  test('keeps hard limits where they are and says so', () => {
    const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 1 << 20, hard: 1 << 20 }];
    const { plan, warnings } = lowerContainer(spec({}, { rlimits }), { ...CONTEXT, facts: LIMITED_HOST });
    expect(one(program(plan, 'init'), 'rlimit')).toMatchObject({ resource: 7, soft: 20000n, hard: 20000n });
    expect(warnings[0]).toContain('RLIMIT_NOFILE stays at 20000');
  });

  test('turns a refused oom score into a warning', () => {
    const { plan } = lowerContainer(spec({}, { oomScoreAdj: -500 }), { ...CONTEXT, facts: LIMITED_HOST });
    expect(one(program(plan, 'main'), 'oomScore')).toMatchObject({ plus1000: 500, onError: 'warn' });
  });
});

test('an overlay root is mounted inside the namespace, with short names', () => {
  const root = { kind: 'overlay' as const, base: '/var/layers', lower: ['b', 'a:1'], upper: 'u', work: 'w' };
  const init = program(lowerContainer(spec(), { ...CONTEXT, root, rootPoint: '/run/root' }).plan, 'init');
  expect(one(init, 'mount')).toMatchObject({
    dir: 'layers',
    target: '/run/root',
    data: String.raw`lowerdir=b:a\:1,upperdir=u,workdir=w,redirect_dir=off,metacopy=off`,
  });
});

test('unknown capabilities are left out with a warning, ambient ones need the other two sets', () => {
  const capabilities = {
    bounding: ['CAP_NOPE', 'CAP_KILL'],
    permitted: ['CAP_KILL', 'CAP_CHOWN'],
    inheritable: ['CAP_KILL'],
    ambient: ['CAP_KILL', 'CAP_CHOWN'],
    effective: ['CAP_SYS_ADMIN', 'CAP_KILL'],
  };
  const { plan, warnings } = lowerContainer(spec({}, { capabilities }), CONTEXT);
  expect(warnings).toEqual(['process.capabilities.bounding: "CAP_NOPE" is not known and left out']);
  expect(one(program(plan, 'init'), 'caps')).toMatchObject({ effective: 1n << 5n, ambient: 1n << 5n });
});
