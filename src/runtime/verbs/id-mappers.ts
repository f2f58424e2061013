import { existsSync } from 'node:fs';
import type { IdMappers } from '#runtime/lower/id-map.ts';

/** They are setuid, so not whatever PATH says. */
const PLACES = ['/usr/bin', '/bin', '/usr/local/bin', '/run/wrappers/bin'];

export function findIdMappers(): IdMappers {
  return { uids: find('newuidmap'), gids: find('newgidmap') };
}

function find(name: string): string | undefined {
  return PLACES.map((place) => `${place}/${name}`).find((path) => existsSync(path));
}
