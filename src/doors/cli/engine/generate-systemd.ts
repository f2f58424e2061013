import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { shortId } from '#base/ids.ts';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { usage, type Flags } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { bootUnit, containerUnit, serviceRestart, type UnitRequest } from './systemd-unit.ts';

const RESTARTS = ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'];
const STOP_SECONDS = 10;
const BOOT_UNIT = 'sampan-restart';

/** `generate systemd`: a container as a service, in podman's words; with `--all`, what a boot brings back. */
export const generateSystemd: Verb = {
  flags: {
    all: { kind: 'switch', does: 'One unit that starts, at boot, all containers whose restart policy says so' },
    after: { kind: 'list', value: 'UNIT', does: 'Start after another unit' },
    'container-prefix': { kind: 'text', value: 'PREFIX', does: 'What names of units begin with (container)' },
    env: { kind: 'list', short: 'e', value: 'NAME=VALUE', does: "Set a variable of the service's" },
    files: { kind: 'switch', short: 'f', does: 'Write NAME.service here in place of printing it' },
    name: { kind: 'switch', short: 'n', does: "Use the container's name in place of its id" },
    new: { kind: 'switch', does: 'Make the container anew at each start, and remove it at each stop' },
    'no-header': { kind: 'switch', does: 'Leave out what was written by whom' },
    requires: { kind: 'list', value: 'UNIT', does: 'Run only together with another unit' },
    'restart-policy': { kind: 'text', value: 'POLICY', does: `${RESTARTS.join(', ')} (on-failure is the default)` },
    'restart-sec': { kind: 'number', value: 'SECONDS', does: 'Pause before a restart' },
    separator: { kind: 'text', value: 'TEXT', does: 'What is between the prefix and the rest of the name (-)' },
    'start-timeout': { kind: 'number', value: 'SECONDS', does: 'How long a start may take' },
    'stop-timeout': {
      kind: 'number',
      short: 't',
      value: 'SECONDS',
      does: 'How long a stop waits before it kills (10)',
    },
    wants: { kind: 'list', value: 'UNIT', does: 'Start another unit too' },
  },
  args: [0, 1],
  act: async (call) => {
    const { flags, args } = call;
    if (flags.on('all') === args.length > 0) throw usage('give either a container or --all');
    const restart = restartOf(flags);
    const engine = await call.engine();
    if (flags.on('all')) {
      const request = { self: engine.self, root: engine.root, header: !flags.on('no-header') };
      return hand(call, BOOT_UNIT, bootUnit(request));
    }
    const request = unitRequest(engine, engine.containers.find(args[0] ?? ''), flags, restart);
    return hand(call, request.name, containerUnit(request));
  },
};

function unitRequest(engine: Engine, record: ContainerRecord, flags: Flags, restart: string | undefined): UnitRequest {
  const byName = flags.on('name') || flags.on('new');
  const own = flags.on('name') ? record.name : shortId(record.id);
  const { createdBy } = record.options;
  if (flags.on('new') && createdBy === undefined) {
    throw new Fault('unsupported', `generate a unit for container ${record.name}: how it was made was not kept`, {
      hint: 'Leave out --new, or make the container anew.',
    });
  }
  const [restartSeconds, startSeconds] = [flags.number('restart-sec'), flags.number('start-timeout')];
  return {
    self: engine.self,
    root: engine.root,
    name: `${flags.text('container-prefix') ?? 'container'}${flags.text('separator') ?? '-'}${own}`,
    container: byName ? record.name : record.id,
    ...(flags.on('new') && createdBy !== undefined ? { createdBy } : {}),
    restart: restart ?? (flags.on('new') ? serviceRestart(record.options.restart) : undefined) ?? 'on-failure',
    ...(restartSeconds === undefined ? {} : { restartSeconds }),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    stopSeconds: flags.number('stop-timeout') ?? record.options.stopTimeout ?? STOP_SECONDS,
    after: flags.list('after'),
    wants: flags.list('wants'),
    requires: flags.list('requires'),
    env: flags.list('env'),
    header: !flags.on('no-header'),
  };
}

function restartOf(flags: Flags): string | undefined {
  const restart = flags.text('restart-policy');
  if (restart === undefined || RESTARTS.includes(restart)) return restart;
  throw new Fault('invalid', `read --restart-policy: "${restart}" is none of ${RESTARTS.join(', ')}`, {
    field: '--restart-policy',
  });
}

/** Prints the unit, or writes it here and prints where. */
function hand({ flags, io }: Call, name: string, text: string): number {
  if (!flags.on('files')) {
    io.out(text);
    return 0;
  }
  const path = resolve(`${name}.service`);
  writeFileSync(path, text);
  print(io, path);
  return 0;
}
