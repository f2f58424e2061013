import { Fault } from '#base/fault.ts';
import { execInContainer } from '#engine/container/exec.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { environmentEntry, gather } from './run-options.ts';
import { forwardTo } from './forward.ts';

/** `exec`: a further program in a running container. */
export const exec: Verb = {
  configure: (command) =>
    void command
      .passThroughOptions()
      .argument('<container>')
      .argument('<command...>')
      .option('-d, --detach', 'Leave it running in the background')
      .option('-e, --env <NAME[=VALUE]>', 'Set environment variables', gather)
      .option('-i, --interactive', 'Keep standard input open')
      .option('-t, --tty', 'Give it a terminal')
      .option('-u, --user <NAME|UID[:GROUP|GID]>', 'User the program runs as')
      .option('-w, --workdir <DIR>', 'Working directory')
      .option('--privileged', 'Give it all capabilities'),
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
  const { options, io } = call;
  const detach = options['detach'] === true;
  const tty = options['tty'] === true && !detach;
  if (tty && options['interactive'] === true && io.stdin.isTTY !== true) {
    throw new Fault('invalid', 'exec with a terminal: the input is not a terminal', {
      field: '--tty',
      hint: 'Leave out -t when input comes from a file or a pipe.',
    });
  }
  const engine = await call.engine();
  const record = engine.containers.find(name);
  const { launch, plan } = await execInContainer(engine, record, {
    args,
    env: ((options['env'] as string[] | undefined) ?? [])
      .map((entry) => environmentEntry(entry, io.env))
      .filter((entry) => entry !== undefined),
    tty,
    privileged: options['privileged'] === true,
    detach,
    stdio: [
      options['interactive'] === true && !detach ? 'inherit' : 'ignore',
      detach ? 'ignore' : 'inherit',
      detach ? 'ignore' : 'inherit',
    ],
    ...(options['user'] === undefined ? {} : { user: String(options['user']) }),
    ...(options['workdir'] === undefined ? {} : { workdir: String(options['workdir']) }),
  });
  const undo = forwardTo(launch);
  const result = await launch.result;
  undo();
  const failure = result.records.find((record_) => record_.kind === 'fail');
  if (failure !== undefined) {
    const cause = explainFailure(failure, plan);
    throw new Fault(cause.kind, `exec in container ${record.name}`, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
  }
  return result.code ?? 1;
}
