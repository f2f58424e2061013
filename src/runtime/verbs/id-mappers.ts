import { existsSync } from 'node:fs';
import type { IdMappers } from '#runtime/lower/id-map.ts';

/** They are setuid, so not whatever PATH says. */
const PLACES = ['/usr/bin', '/bin', '/usr/local/bin', '/run/wrappers/bin'];

/** Looked for when they are asked for: few containers need them. */
export function findIdMappers(): IdMappers {
  return {
    get uids() {
      return find('newuidmap');
    },
    get gids() {
      return find('newgidmap');
    },
  };
}

function find(name: string): string | undefined {
  return PLACES.map((place) => `${place}/${name}`).find((path) => existsSync(path));
}
