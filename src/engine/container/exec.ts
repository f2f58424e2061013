import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import type { Launch } from '#kernel/launcher.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Plan } from '#kernel/plan.ts';
import { gatherData } from '#kernel/report.ts';
import type { Stdio } from '#kernel/spawn.ts';
import { ownGroup } from '#runtime/cgroup/own-group.ts';
import { lowerExec } from '#runtime/lower/exec.ts';
import { capabilityNames } from '#kernel/capability-set.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import type { Engine } from '#engine/engine.ts';
import { newExec, noteExecStart, type ExecRecord } from './exec-record.ts';
import { cgroupsPath, containerCgroups } from './cgroups.ts';
import { needAwake } from './pause.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { readInit, type InitProcess } from './state.ts';
import { resolveUser, type Accounts } from './user.ts';

export interface ExecRequest {
  args: readonly string[];
  /** `NAME=value` each, over the container's own. */
  env: readonly string[];
  tty: boolean;
  user?: string;
  workdir?: string;
  privileged: boolean;
  stdio: readonly [Stdio, Stdio, Stdio];
  /** Keys that leave the program and its terminal to itself. */
  detachKeys?: readonly number[];
  /** Leave the process alone once it runs. */
  detach: boolean;
}

export interface Executing {
  launch: Launch;
  plan: Plan;
  exec: ExecRecord;
}

/** Runs a program inside a running container, as the container is confined; the launch ends with its status. */
export async function execInContainer(
  engine: Engine,
  record: ContainerRecord,
  request: ExecRequest,
): Promise<Executing> {
  const directory = containerDirectory(engine.root, record.id);
  const init = readInit(directory);
  needAwake(engine, record, 'exec in');
  if (init === undefined || !init.alive) {
    throw new Fault('conflict', `exec in container ${record.name}: it is just ending`);
  }
  const spec = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Spec;
  const exec = newExec(engine, record, request.detach);
  const facts = engine.facts();
  const [top] = containerCgroups(engine, record);
  const { plan } = lowerExec(await execProcess(engine, spec, init, request), {
    spec,
    facts,
    init: { pid: init.pid, startTime: init.startTime },
    cgroupsPath: spec.linux?.cgroupsPath ?? cgroupsPath(record.id, record.options),
    cgroups: containerCgroups(engine, record),
    subGroups: ownGroup(facts.cgroup, top, init.pid),
    terminal: { kind: request.tty ? 'relay' : 'none' },
    ...(request.detachKeys === undefined ? {} : { detachKeys: request.detachKeys }),
    mode: request.detach ? 'detached' : 'run',
    ...(exec.exitFile === undefined ? {} : { exitFile: exec.exitFile }),
  });
  const launch = engine.launcher.launch({ plan: encodePlan(plan), stdio: request.stdio });
  // Written while it is being started.
  noteExecStart(engine, record, exec, request.args.join(' '));
  return { plan, launch, exec };
}

async function execProcess(engine: Engine, spec: Spec, init: InitProcess, request: ExecRequest): Promise<Process> {
  const own = spec.process;
  if (own === undefined) throw new Fault('corrupt', "read the container's config.json: it has no process");
  const user =
    request.user === undefined ? undefined : resolveUser(request.user, await liveAccounts(engine, init), '--user');
  const bounding = request.privileged ? capabilityNames(engine.facts().bounding) : (own.capabilities?.bounding ?? []);
  const uid = user?.uid ?? own.user.uid;
  return {
    ...own,
    terminal: request.tty,
    args: [...request.args],
    env: mergeEnvironment([
      ...(own.env ?? []),
      ...(user === undefined ? [] : [`HOME=${user.home}`]),
      ...(request.tty ? ['TERM=xterm'] : []),
      ...request.env,
    ]),
    cwd: request.workdir ?? own.cwd,
    user:
      user === undefined
        ? own.user
        : { uid: user.uid, gid: user.gid, additionalGids: [user.gid, ...user.additionalGids] },
    capabilities: rightsBeside(uid, bounding),
  };
}

/** Of a further program: root has what the container may have, anybody else nothing. */
export function rightsBeside(uid: number, bounding: readonly string[]): NonNullable<Process['capabilities']> {
  const effective = uid === 0 ? [...bounding] : [];
  return { bounding: [...bounding], effective, permitted: effective, inheritable: [], ambient: [] };
}

const mergeEnvironment = (all: readonly string[]): string[] => [
  ...new Map(all.map((entry) => [entry.split('=', 1)[0], entry])).values(),
];

/** The user files of the running container, which may differ from its image's. */
async function liveAccounts(engine: Engine, init: InitProcess): Promise<Accounts> {
  const plan: Plan = {
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'pidfd', pid: init.pid, starttime: BigInt(init.startTime), out: 'init' },
          { op: 'open', path: `/proc/${init.pid}/root`, flags: OPEN.path | OPEN.directory, out: 'root' },
          // The number was still its own when its root was opened.
          { op: 'pidfd', pid: init.pid, starttime: BigInt(init.startTime), out: 'init' },
          { op: 'readFile', root: 'root', path: '/etc/passwd', max: 1 << 20 },
          { op: 'readFile', root: 'root', path: '/etc/group', max: 1 << 20 },
        ],
      },
    ],
  };
  const result = await engine.launcher.launch({ plan: encodePlan(plan), stdio: ['ignore', 'inherit', 'inherit'] })
    .result;
  if (result.code !== 0) throw failureFault("read the container's users", result);
  const files = gatherData(result.records);
  return { passwd: files.get('/etc/passwd')?.toString() ?? '', groups: files.get('/etc/group')?.toString() ?? '' };
}
