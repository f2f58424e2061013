import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { inspectImage } from '#engine/image/inspect.ts';
import { inspectContainer } from '#engine/inspect.ts';
import { containerSizes } from '#engine/space/container-size.ts';
import { inspectVolume } from '#engine/volume/inspect.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import { parseTemplate } from '#doors/cli/template.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';

type Look = (engine: Engine, name: string) => Record<string, unknown> | undefined;

const FORMAT = {
  kind: 'text',
  short: 'f',
  value: 'FORMAT',
  does: 'json or a template such as {{.Id}}, printed for each',
} as const;

const SIZE = { kind: 'switch', short: 's', does: 'Also SizeRw and SizeRootFs of containers' } as const;

/** What `--type` asks for; containers come before images, images before volumes. */
const LOOKS: Record<string, Look> = {
  container: inspectContainer,
  image: inspectImage,
  volume: inspectVolume,
};

/** `inspect`: an array with what is known of each name. */
export const inspect: Verb = {
  flags: { type: { kind: 'text', value: 'TYPE', does: 'container, image or volume' }, format: FORMAT, size: SIZE },
  args: [1, Infinity],
  act: (call) => {
    const type = call.flags.text('type') ?? '';
    if (type !== '' && !Object.hasOwn(LOOKS, type)) {
      throw new Fault('invalid', `"${type}" is not a valid value for --type`, {
        field: '--type',
        facts: { usage: true },
      });
    }
    return show(call, (engine, name) => {
      if (type !== '') return LOOKS[type]?.(engine, name);
      return inspectContainer(engine, name) ?? inspectImage(engine, name) ?? inspectVolume(engine, name);
    });
  },
};

/** `image inspect`: the same for images only. */
export const imageInspect: Verb = {
  flags: { format: FORMAT },
  args: [1, Infinity],
  act: (call) => show(call, inspectImage),
};

/** `container inspect`: the same for containers only. */
export const containerInspect: Verb = {
  flags: { format: FORMAT, size: SIZE },
  args: [1, Infinity],
  act: (call) => show(call, inspectContainer),
};

/** `volume inspect`: the same for volumes only. */
export const volumeInspect: Verb = {
  flags: { format: FORMAT },
  args: [1, Infinity],
  act: (call) => show(call, inspectVolume),
};

/** A container with what it takes, when that was asked for. */
async function sized(
  { flags }: Call,
  engine: Engine,
  one: Record<string, unknown> | undefined,
): Promise<Record<string, unknown> | undefined> {
  const record = flags.on('size') ? engine.containers.get(String(one?.['Id'])) : undefined;
  return record === undefined ? one : { ...one, ...(await containerSizes(engine, record)) };
}

async function show(call: Call, look: Look): Promise<number> {
  const format = call.flags.text('format');
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format);
  const engine = await call.engine();
  const found: unknown[] = [];
  let status = 0;
  for (const name of call.args) {
    try {
      const one = await sized(call, engine, look(engine, name));
      if (one === undefined) throw new Fault('notFound', `No such object: ${name}`);
      if (template === undefined) found.push(one);
      else print(call.io, template(one));
    } catch (error) {
      status = complain(call.io, error);
    }
  }
  if (template === undefined) print(call.io, JSON.stringify(found, undefined, format === 'json' ? undefined : 4));
  return status;
}
