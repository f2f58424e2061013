import { allCapabilities, capabilityNames } from '#kernel/capability-set.ts';
import { broken, degraded, ok, type Look } from './finding.ts';

/** mount_setattr(2) came with it. */
const OLDEST = [5, 12] as const;

const version: Look = ({ facts }) => {
  const [major = 0, minor = 0] = facts.kernel.split('.').map(Number);
  const isNew = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  if (isNew) return ok(facts.kernel);
  return broken(`${facts.kernel} is older than ${OLDEST.join('.')}`, 'Boot a newer kernel.');
};

const seccomp: Look = ({ facts }) =>
  facts.seccomp
    ? ok('system calls can be filtered')
    : broken('this kernel has no seccomp', 'Run with --security-opt seccomp=unconfined, or boot another kernel.');

const capabilities: Look = ({ facts }) => {
  const lacking = capabilityNames(allCapabilities(facts.lastCapability) & ~facts.bounding);
  if (lacking.length === 0) return ok('this process may have all of them');
  const more = lacking.includes('CAP_SYS_RESOURCE') ? ' Hard limits cannot be raised.' : '';
  return degraded(`not to be had: ${lacking.join(', ')}.${more}`, 'Containers that ask for these will fail to start.');
};

const labels: Look = ({ facts }) => {
  const names = Object.keys(facts.labelFiles);
  if (names.length > 0) return ok(names.join(', '));
  return degraded('neither AppArmor nor SELinux is in force', 'Seccomp, capabilities and namespaces confine alone.');
};

/** A runtime that has gone wrong with its mounts has been known to change it. */
const nullDevice: Look = ({ device }) => {
  const seen = device('/dev/null');
  if (seen === '1:3 666') return ok('/dev/null is as it should be');
  const mend = 'rm -f /dev/null; mknod -m 666 /dev/null c 1 3';
  return broken(seen === undefined ? '/dev/null is no device' : `/dev/null is ${seen}, not 1:3 666`, mend);
};

const foreign: Look = ({ read, exists }) => {
  const status = read('/proc/sys/fs/binfmt_misc/status');
  if (status === undefined) {
    return degraded(
      'programs for other processors cannot be executed',
      'Install qemu-user-static and mount binfmt_misc.',
    );
  }
  const machines = ['aarch64', 'arm', 'x86_64', 'riscv64', 's390x', 'ppc64le'];
  const found = machines.filter((machine) => exists(`/proc/sys/fs/binfmt_misc/qemu-${machine}`));
  return found.length > 0
    ? ok(`programs can be executed for ${found.join(', ')}`)
    : degraded('no interpreter for other processors is registered', 'Install qemu-user-static.');
};

export const KERNEL: Readonly<Record<string, Look>> = {
  kernel: version,
  seccomp,
  capabilities,
  'security modules': labels,
  'null device': nullDevice,
  'other platforms': foreign,
};
