/**
 * Where a container's root comes from. Nothing is mounted yet: the launcher mounts it inside the container's own
 * mount namespace, so the host's mount table never sees it and the last process takes it along.
 */
export type RootMount =
  | {
      kind: 'overlay';
      /** Absolute directory that the other paths are relative to (short, since mount(2) takes one page of options). */
      base: string;
      /** Read-only layers, top first. */
      lower: readonly string[];
      upper: string;
      work: string;
      /** In a user namespace its marks are attributes of users, the only ones that may be used there. */
      userMarks?: true;
    }
  | { kind: 'directory'; path: string };
