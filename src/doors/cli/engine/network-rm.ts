import { removeNetwork } from '#engine/network/remove.ts';
import { removeEach } from './remove-each.ts';

/** `network rm`: removes networks that no container is in. */
export const networkRm = removeEach(removeNetwork);
