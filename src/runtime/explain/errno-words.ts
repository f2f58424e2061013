/**
 * What the C library says for an errno. Engines tell failures apart by these words, and give the exit status 126 or 127
 * by them: docker and podman look for "permission denied", "executable file not found in", "no such file or directory".
 */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EINVAL: 'invalid argument',
  EISDIR: 'is a directory',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'exec format error',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** Empty for an errno that nobody looks for. */
export const errnoWords = (errno: string): string => WORDS[errno] ?? '';
