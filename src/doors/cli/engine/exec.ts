import { Fault } from '#base/fault.ts';
import { execInContainer } from '#engine/container/exec.ts';
import { forgetExec, noteExecEnd } from '#engine/container/exec-record.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { DETACH_KEYS_FLAG, parseDetachKeys } from './detach-keys.ts';
import { readPairFile } from './env-file.ts';
import { environmentEntry, given } from './run-options.ts';
import { handOnSignals } from '#doors/cli/signals.ts';

/** `exec`: a further program in a running container. */
export const exec: Verb = {
  flags: {
    detach: { kind: 'switch', short: 'd', does: 'Leave it running in the background' },
    'detach-keys': DETACH_KEYS_FLAG,
    env: { kind: 'list', short: 'e', value: 'NAME[=VALUE]', does: 'Set environment variables' },
    'env-file': { kind: 'list', value: 'FILE', does: 'Set environment variables from a file' },
    interactive: { kind: 'switch', short: 'i', does: 'Keep standard input open' },
    tty: { kind: 'switch', short: 't', does: 'Give it a terminal' },
    user: { kind: 'text', short: 'u', value: 'NAME|UID[:GROUP|GID]', does: 'User the program runs as' },
    workdir: { kind: 'text', short: 'w', value: 'DIR', does: 'Working directory' },
    privileged: { kind: 'switch', does: 'Give it all capabilities' },
  },
  args: [2, Infinity],
  stop: true,
  act: async (call) => {
    try {
      return await execute(call);
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};

async function execute(call: Call): Promise<number> {
  const [name = '', ...args] = call.args;
  const { flags, io } = call;
  const detachKeys = parseDetachKeys(flags.text('detach-keys'));
  const detach = flags.on('detach');
  const tty = flags.on('tty') && !detach;
  if (tty && flags.on('interactive') && io.stdin.isTTY !== true) {
    throw new Fault('invalid', 'exec with a terminal: the input is not a terminal', {
      field: '--tty',
      hint: 'Leave out -t when input comes from a file or a pipe.',
    });
  }
  const engine = await call.engine();
  const record = engine.containers.find(name);
  const {
    launch,
    plan,
    exec: started,
  } = await execInContainer(engine, record, {
    args,
    env: [...flags.list('env-file').flatMap((path) => readPairFile(path, '--env-file')), ...flags.list('env')]
      .map((entry) => environmentEntry(entry, io.env))
      .filter((entry) => entry !== undefined),
    tty,
    ...(tty ? { detachKeys } : {}),
    privileged: flags.on('privileged'),
    detach,
    stdio: [
      flags.on('interactive') && !detach ? 'inherit' : 'ignore',
      detach ? 'ignore' : 'inherit',
      detach ? 'ignore' : 'inherit',
    ],
    ...given('user', flags.text('user')),
    ...given('workdir', flags.text('workdir')),
  });
  const undo = handOnSignals(launch);
  const result = await launch.result;
  undo();
  const failure = result.records.find((record_) => record_.kind === 'fail');
  if (failure !== undefined) {
    forgetExec(engine, started);
    const cause = explainFailure(failure, plan);
    // Its processes went while it was being entered.
    if (cause.facts['errno'] === 'ESRCH') {
      throw new Fault('conflict', `exec in container ${record.name}: it is just ending`);
    }
    throw new Fault(cause.kind, `exec in container ${record.name}`, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
  }
  const left = tty && result.code === 0 && !result.records.some(({ kind }) => kind === 'exit');
  if (left) io.err('read escape sequence\n');
  if (!detach) noteExecEnd(engine, record, started, left ? 'detached' : { code: result.code ?? 1 });
  return result.code ?? 1;
}
