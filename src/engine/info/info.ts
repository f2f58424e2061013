import { createHash } from 'node:crypto';
import { cpus, hostname, release, totalmem } from 'node:os';
import { VERSION } from '#base/version.ts';
import { examine, type Patient } from '#engine/doctor/doctor.ts';
import { listContainers } from '#engine/container/list.ts';
import type { Engine } from '#engine/engine.ts';
import { listImages } from '#engine/image/list.ts';
import { controllerFields } from './controllers.ts';
import { fileSystemName } from './file-systems.ts';

/** What there is on this root, and what this machine is: in docker's names. Warnings are doctor's. */
export function systemInfo(engine: Engine, machine: Patient): Record<string, unknown> {
  const facts = engine.facts();
  const containers = listContainers(engine, true);
  const count = (status: string): number => containers.filter(({ state }) => state.status === status).length;
  const paused = containers.filter((one) => one.paused).length;
  const release_ = osRelease(machine.read('/etc/os-release') ?? '');
  return {
    ID: createHash('sha256').update(engine.root).digest('hex').slice(0, 32),
    Containers: containers.length,
    ContainersRunning: count('running') - paused,
    ContainersPaused: paused,
    ContainersStopped: containers.length - count('running'),
    Images: listImages(engine).length,
    Driver: engine.store.snapshots.driver,
    DriverStatus: [['Backing Filesystem', fileSystemName(machine.disk(engine.root).type)]],
    Plugins: { Volume: ['local'], Network: ['none', 'host'], Log: LOG_DRIVERS },
    ...controllerFields(facts.cgroup, machine),
    IPv4Forwarding: machine.read('/proc/sys/net/ipv4/ip_forward')?.trim() === '1',
    SystemTime: new Date().toISOString(),
    LoggingDriver: LOG_DRIVERS[0] ?? '',
    KernelVersion: release(),
    OperatingSystem: release_['PRETTY_NAME'] ?? 'Linux',
    OSVersion: release_['VERSION_ID'] ?? '',
    OSType: 'linux',
    Architecture: facts.arch === 'x86-64' ? 'x86_64' : 'aarch64',
    NCPU: cpus().length,
    MemTotal: totalmem(),
    DockerRootDir: engine.root,
    Name: hostname(),
    ServerVersion: VERSION,
    Runtimes: { sampan: { path: engine.self[0] ?? 'sampan' } },
    DefaultRuntime: 'sampan',
    SecurityOptions: securityOptions(facts),
    Warnings: examine(machine)
      .filter(({ verdict }) => verdict === 'broken')
      .map(({ about, says, mend }) => `${about}: ${says}${mend === undefined ? '' : ` (${mend})`}`),
  };
}

const LOG_DRIVERS = ['k8s-file'];

function securityOptions({ seccomp, labelFiles, uid, inUserNamespace }: ReturnType<Engine['facts']>): string[] {
  return [
    ...(seccomp ? ['name=seccomp,profile=builtin'] : []),
    ...Object.keys(labelFiles).map((name) => `name=${name}`),
    'name=cgroupns',
    ...(uid !== 0 || inUserNamespace ? ['name=rootless'] : []),
  ];
}

/** `NAME="value"` a line. */
function osRelease(text: string): Record<string, string | undefined> {
  const lines = text.matchAll(/^([A-Z_]+)=(?:"(.*)"|(.*))$/gm);
  return Object.fromEntries([...lines].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}
