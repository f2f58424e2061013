/** What an archive entry becomes. Strings are byte strings (latin1), as the archive has them. */
export type TarEntryKind = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  kind: TarEntryKind;
  name: string;
  link: string;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Logical size of a file in bytes, holes included; 0 for everything else. */
  size: number;
  mtimeSec: number;
  mtimeNsec: number;
  major: number;
  minor: number;
  /** Names (byte strings) and values (hexadecimal) in turn. */
  xattrs: readonly string[];
}

/** Where the reader's events go. Calls are synchronous; `bytes` are a view of the chunk that was pushed. */
export interface TarEvents {
  entry(entry: TarEntry): void;
  /** Bytes of the last file entry, at an offset of it. What is never sent is a hole. */
  data(offset: number, bytes: Uint8Array): void;
}
