import { expect, test } from 'bun:test';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { examine, thisMachine, type Diagnosis, type Patient } from './doctor.ts';

const FILES: Record<string, string> = {
  '/proc/filesystems': 'nodev\toverlay\n\text4\n',
  '/proc/self/ns/user': '',
  '/proc/sys/fs/binfmt_misc/status': 'enabled\n',
  '/proc/sys/fs/binfmt_misc/qemu-aarch64': 'enabled\n',
  '/proc/sys/kernel/keys/root_maxkeys': '1000000\n',
  '/proc/sys/user/max_user_namespaces': '96365\n',
  '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes': '0',
  '/run/systemd/system': '',
  '/etc/subuid': 'me:100000:65536\n',
  '/etc/subgid': 'me:100000:65536\n',
};

const EXT4 = { type: 0xef53, free: 50e9, size: 100e9 };
const labelled = { ...V2_HOST, labelFiles: { apparmor: 'self/attr/apparmor/exec' } };

function patient(changes: Partial<Patient> = {}, files: Record<string, string | undefined> = {}): Patient {
  const all = { ...FILES, ...files };
  return {
    facts: labelled,
    root: '/var/lib/sampan',
    user: 'me',
    read: (path) => all[path],
    exists: (path) => all[path] !== undefined,
    device: () => '1:3 666',
    program: () => true,
    disk: () => EXT4,
    ...changes,
  };
}

const about = (one: Patient, what: string): Diagnosis =>
  examine(one).find((found) => found.about === what) as Diagnosis;

test('A healthy machine has nothing to mend', () => {
  const well = patient({ facts: { ...labelled, bounding: 0x1ff_ffff_ffffn } });
  expect(examine(well).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
});

const noLimits = { ...HYBRID_HOST, cgroup: { mode: 'none' as const, hierarchies: [], unified: undefined } };
test.each([
  ['kernel', patient({ facts: { ...V2_HOST, kernel: '4.19.0-27-amd64' } }), 'broken', /older than 5\.12/],
  ['seccomp', patient({ facts: { ...V2_HOST, seccomp: false } }), 'broken', /no seccomp/],
  [
    'capabilities',
    patient({ facts: { ...V2_HOST, bounding: 0x1ff_feff_ffffn } }),
    'degraded',
    /CAP_SYS_RESOURCE.*raised/,
  ],
  ['security modules', patient({ facts: V2_HOST }), 'degraded', /neither AppArmor/],
  ['null device', patient({ device: () => '1:5 600' }), 'broken', /not 1:3 666/],
  ['other platforms', patient({}, { '/proc/sys/fs/binfmt_misc/status': undefined }), 'degraded', /cannot be executed/],
  ['control groups', patient({ facts: noLimits }), 'broken', /no control groups/],
  ['controllers', patient({ facts: HYBRID_HOST }), 'degraded', /blkio \(--blkio-weight\)/],
  [
    'swap',
    patient({ facts: HYBRID_HOST }, { '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes': undefined }),
    'degraded',
    /not counted/,
  ],
  ['open files', patient({ facts: { ...V2_HOST, hardLimits: { RLIMIT_NOFILE: 256 } } }), 'degraded', /256/],
  ['keyrings', patient({}, { '/proc/sys/kernel/keys/root_maxkeys': '200\n' }), 'degraded', /200 keys/],
  ['snapshotter', patient({}, { '/proc/filesystems': '\text4\n' }), 'broken', /no overlay/],
  ['snapshotter', patient({ disk: () => ({ ...EXT4, type: 0x794c_7630 }) }), 'broken', /cannot write to/],
  ['database', patient({ disk: () => ({ ...EXT4, type: 0x6969 }) }), 'broken', /network/],
  ['space', patient({ disk: () => ({ ...EXT4, free: 1e9 }) }), 'degraded', /are free/],
  [
    'user namespaces',
    patient({}, { '/proc/sys/user/max_user_namespaces': '0\n' }),
    'degraded',
    /max_user_namespaces is 0/,
  ],
  ['ranges of ids', patient({ program: (name) => name !== 'newuidmap' }), 'degraded', /newuidmap missing/],
  ['ranges of ids', patient({ user: 'you', facts: { ...V2_HOST, uid: 1001 } }), 'degraded', /you has no range/],
  ['checkpoints', patient({ program: (name) => name !== 'criu' }), 'degraded', /no checkpoint/],
  ['systemd', patient({}, { '/run/systemd/system': undefined }), 'degraded', /does not run/],
] as const)('%s', (what, one, verdict, words) => {
  const found = about(one, what);
  expect(found.verdict).toBe(verdict);
  expect(found.says).toMatch(words);
});

test('This machine can be examined, wherever the root is', () => {
  const found = examine(thisMachine('/no/such/place', '/usr/bin'));
  expect(found.find((one) => one.about === 'space')?.says).toMatch(/are free$/);
});
