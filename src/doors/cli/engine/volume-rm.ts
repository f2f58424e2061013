import { removeVolume } from '#engine/volume/remove.ts';
import { removeEach } from './remove-each.ts';

/** `volume rm`: removes volumes that no container has. */
export const volumeRm = removeEach(removeVolume);
