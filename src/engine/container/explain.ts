import type { Engine } from '#engine/engine.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { ImageRecord } from '#store/store.ts';
import { compileContainer, type Compiled } from './compile.ts';
import type { ContainerOptions } from './options.ts';
import { containerDirectory } from './record.ts';
import { withSystemd } from './systemd.ts';

/** What a start of such a container would do. Makes nothing: the root is shown as it would be mounted. */
export async function compileForExplain(
  engine: Engine,
  image: ImageRecord,
  options: ContainerOptions,
): Promise<Compiled> {
  const id = 'new'; // the same for every call, so that two plans can be compared
  const root = previewRoot(engine.store.snapshots.mounts(image.chainId));
  const snapshotter = engine.store.snapshots.driver;
  return compileContainer(engine, {
    id,
    options: withSystemd(options, image.config),
    image,
    root,
    snapshotter,
    directory: containerDirectory(engine.root, id),
  });
}

/** The image's layers with the writable one that a start would put on top. */
function previewRoot(layers: RootMount): RootMount {
  return layers.kind === 'directory' ? layers : { ...layers, upper: 'NEW/fs', work: 'NEW/work' };
}
