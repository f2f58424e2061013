import { createContainer } from '#engine/container/create.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { foreignTo } from '#engine/image/foreign.ts';
import type { Engine } from '#engine/engine.ts';
import { complain } from '#doors/cli/cli.ts';
import { runExitStatus } from '#doors/cli/exit-status.ts';
import { print, warn } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { withCidFile } from './cid-file.ts';
import { localOrPulled } from './image-for-run.ts';
import { REFUSED_OPTIONS } from './refused-options.ts';
import { containerOptions, CONTAINER_FLAGS } from './run-options.ts';

/** `create`: everything of `run` but the start. */
export const create: Verb = {
  flags: CONTAINER_FLAGS,
  refused: REFUSED_OPTIONS,
  args: [1, Infinity],
  stop: true,
  act: async (call) => {
    try {
      const { record } = await createFromCall(call, { keepOwnership: false });
      print(call.io, record.id);
      return 0;
    } catch (error) {
      complain(call.io, error);
      return runExitStatus(error);
    }
  },
};

/** What makes the next container of the same kind, under whatever name. */
function createdBy({ flags, args }: Call): string[] {
  const own = Object.keys(CONTAINER_FLAGS).filter((name) => !OF_THIS_ONE.has(name));
  return [...own.flatMap((name) => flags.list(name).map((value) => `--${name}=${value}`)), ...args];
}
const OF_THIS_ONE = new Set(['cidfile', 'name', 'quiet']);

/** Makes the container that the words of `run` or `create` ask for. */
export async function createFromCall(
  call: Call,
  { keepOwnership }: { keepOwnership: boolean },
): Promise<{ engine: Engine; record: ContainerRecord }> {
  const [imageName = '', ...command] = call.args;
  const options = { ...containerOptions(call.flags, command, call.io.env), createdBy: createdBy(call) };
  const engine = await call.engine();
  const image = await localOrPulled(engine, imageName, call);
  warnOfPlatform(call, image.platform, foreignTo(image));
  const name = call.flags.text('name');
  const record = await withCidFile(call.flags.text('cidfile'), () =>
    createContainer(engine, {
      image,
      imageName,
      options,
      keepOwnership,
      ...(name === undefined ? {} : { name }),
    }),
  );
  return { engine, record };
}

/** Whoever asked for a platform knows. */
function warnOfPlatform({ flags, io }: Call, platform: string, own: string | undefined): void {
  if (own === undefined || flags.text('platform') !== undefined) return;
  const image = `The requested image's platform (${platform})`;
  warn(io, `${image} does not match the detected host platform (${own}) and no specific platform was requested`);
}
