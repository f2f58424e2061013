import { Fault } from '#base/fault.ts';
import type { ImageConfig } from '#store/image/config.ts';
import type { ContainerOptions } from './options.ts';

/** Entrypoint and command as docker joins them: a new entrypoint drops the image's command. */
export function processArgs(options: ContainerOptions, image: ImageConfig): string[] {
  const entrypoint = options.entrypoint ?? image.Entrypoint ?? [];
  const imageCommand = options.entrypoint === undefined ? (image.Cmd ?? []) : [];
  const args = [...entrypoint, ...(options.command.length > 0 ? options.command : imageCommand)];
  if (args.length > 0 && args[0] !== '') return args;
  throw new Fault('invalid', 'start the container: no command specified', {
    field: 'COMMAND',
    hint: 'The image names no command of its own; write one behind the image name.',
  });
}
