import { degraded, ok, type Finding, type Look, type Patient } from './finding.ts';

/** Settings that keep ordinary users from making user namespaces; the value that does. */
const GATES: Readonly<Record<string, string>> = {
  '/proc/sys/kernel/unprivileged_userns_clone': '0',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1',
  '/proc/sys/user/max_user_namespaces': '0',
};

const namespaces: Look = ({ exists, read }) => {
  if (!exists('/proc/self/ns/user')) return degraded('this kernel has none: no rootless use, no --userns');
  const closed = Object.entries(GATES).find(([file, value]) => read(file)?.trim() === value);
  if (closed === undefined) return ok('everybody can make them');
  const [file, value] = closed;
  return degraded(`${file} is ${value}: ordinary users cannot make them`, `Write another value into ${file}.`);
};

const ranges: Look = (patient) => {
  const lacking = ['newuidmap', 'newgidmap'].filter((name) => !patient.program(name));
  if (lacking.length > 0)
    return degraded(`${lacking.join(' and ')} missing: one id alone for rootless use`, 'Install uidmap.');
  return rangesOf(patient);
};

function rangesOf({ user, facts, read }: Patient): Finding {
  const has = (file: string): boolean =>
    (read(file) ?? '').split('\n').some((line) => [user, String(facts.uid)].includes(line.split(':')[0] ?? ''));
  const without = ['/etc/subuid', '/etc/subgid'].filter((file) => !has(file));
  if (without.length === 0) return ok(`${user} has a range`);
  if (facts.uid === 0) return ok('root needs no range');
  return degraded(
    `${user} has no range in ${without.join(' and ')}`,
    `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
  );
}

const checkpoints: Look = ({ program }) =>
  program('criu') ? ok('criu is there') : degraded('criu is missing: no checkpoint, no restore', 'Install criu.');

const systemd: Look = ({ exists }) =>
  exists('/run/systemd/system') ? ok('it runs') : degraded('it does not run: --systemd-cgroup is refused');

export const USERS: Readonly<Record<string, Look>> = {
  'user namespaces': namespaces,
  'ranges of ids': ranges,
  checkpoints,
  systemd,
};
