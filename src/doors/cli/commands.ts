import { CONTAINER_COMMANDS } from './commands/containers.ts';
import type { Entry } from './commands/entry.ts';
import { IMAGE_COMMANDS } from './commands/images.ts';
import { MANIFEST_COMMANDS } from './commands/manifests.ts';
import { NETWORK_COMMANDS } from './commands/networks.ts';
import { REGISTRY_COMMANDS } from './commands/registries.ts';
import { SYSTEM_COMMANDS } from './commands/system.ts';
import { VOLUME_COMMANDS } from './commands/volumes.ts';

export type { Entry } from './commands/entry.ts';

/** Every command of the engine by name; `oci` has a command line of its own. */
export const COMMANDS: Record<string, Entry> = {
  ...CONTAINER_COMMANDS,
  ...IMAGE_COMMANDS,
  ...MANIFEST_COMMANDS,
  ...REGISTRY_COMMANDS,
  ...VOLUME_COMMANDS,
  ...NETWORK_COMMANDS,
  ...SYSTEM_COMMANDS,
};
