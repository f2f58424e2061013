import type { IdMapping } from '#runtime/spec/spec.ts';

/** What user namespace a container was asked to have, as podman has it. */
export type UsernsWish =
  /** That of the engine: for root the machine's own. */
  | { kind: 'host' }
  /** The ids of /etc/subuid and /etc/subgid for `containers`, so many that no other container has. */
  | { kind: 'auto'; size?: number }
  /** Whoever calls keeps their number inside. */
  | { kind: 'keep-id'; uid?: number; gid?: number }
  /** Whoever calls has no number inside. */
  | { kind: 'nomap' }
  | { kind: 'maps'; uids: readonly IdMapping[]; gids: readonly IdMapping[] }
  /** All ranges of these names in /etc/subuid and /etc/subgid. */
  | { kind: 'names'; uids: string; gids: string }
  | { kind: 'join'; mode: string };

/** The same with the numbers found, as it is kept with the container. */
export interface Userns {
  /** As `inspect` shows it: `auto`, `private`, `container:ID`, `ns:PATH`. */
  mode: string;
  uids?: readonly IdMapping[];
  gids?: readonly IdMapping[];
}
