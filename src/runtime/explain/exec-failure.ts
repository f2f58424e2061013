import type { FaultKind } from '#base/fault.ts';
import { readElf } from './elf.ts';
import { errnoWords } from './errno-words.ts';
import { readShebang } from './shebang.ts';

export interface Explanation {
  kind: FaultKind;
  sentence: string;
  hint?: string;
}

const NO_FILE = errnoWords('ENOENT');
const NO_FORMAT = errnoWords('ENOEXEC');

/** What this machine runs, in the words of readElf. */
const NATIVE: Readonly<Record<string, string>> = { x64: 'x86-64', arm64: 'arm64' };

/**
 * Why execve refused. `head` is the beginning of the file that was tried, empty when there is none. `name` is the
 * program as it was asked for, `path` the file that was tried.
 */
export function explainExec(
  errno: string,
  name: string,
  path: string,
  head: Buffer,
  arch: string = process.arch,
): Explanation {
  const file = path === '' ? name : path;
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return missing(name, file, head, arch);
  if (errno === 'ENOEXEC') return wrongFormat(file, head, arch);
  if (errno === 'EACCES') return refused(file);
  if (errno === 'E2BIG') return { kind: 'invalid', sentence: `the arguments and environment of ${file} are too long` };
  if (errno === 'ETXTBSY') return { kind: 'conflict', sentence: `${file} is open for writing` };
  if (errno === 'ELOOP') return { kind: 'invalid', sentence: `${file} is a symlink that leads in circles` };
  if (errno === 'ENOMEM') return { kind: 'exhausted', sentence: `there is not enough memory to run ${file}` };
  return { kind: 'internal', sentence: `execute ${file}: ${errno}` };
}

function missing(name: string, file: string, head: Buffer, arch: string): Explanation {
  const script = readShebang(head);
  if (script !== undefined) return missingInterpreter(file, script.interpreter, script.carriageReturn);
  const elf = readElf(head);
  const native = NATIVE[arch] ?? arch;
  if (elf !== undefined && elf.machine !== native && elf.interpreter === undefined) {
    return {
      kind: 'notFound',
      sentence: `${file} is a program for ${elf.machine}, and its emulator is not in the container's root: ${NO_FILE}`,
      hint: 'Register the emulator with the flag F, which opens it on the host: qemu-user-static of Debian does.',
    };
  }
  if (elf !== undefined) {
    const loader = elf.interpreter === undefined ? 'its program interpreter' : elf.interpreter;
    return {
      kind: 'notFound',
      sentence: `${file} needs ${loader}, which the container's root does not have: ${NO_FILE}`,
      hint: `It is a dynamically linked ${elf.machine} program: add its C library to the image or link it statically.`,
    };
  }
  const sentence = name.includes('/')
    ? `exec "${name}": ${NO_FILE} in the container's root`
    : `exec "${name}": executable file not found in the container's $PATH`;
  return { kind: 'notFound', sentence };
}

function missingInterpreter(file: string, interpreter: string, carriageReturn: boolean): Explanation {
  const sentence = `${file} is a script for ${interpreter || 'no interpreter at all'}, which the container's root does not have: ${NO_FILE}`;
  return carriageReturn
    ? {
        kind: 'notFound',
        sentence: `${file} is a script whose first line ends in a carriage return (CRLF): ${NO_FILE}`,
        hint: 'Save it with Unix line ends, for example with dos2unix.',
      }
    : { kind: 'notFound', sentence };
}

function wrongFormat(file: string, head: Buffer, arch: string): Explanation {
  const elf = readElf(head);
  const native = NATIVE[arch] ?? arch;
  if (elf !== undefined && elf.machine !== native) {
    return {
      kind: 'unsupported',
      sentence: `${file} is a program for ${elf.machine}, this machine is ${native}: ${NO_FORMAT}`,
      hint: `Use an image for ${native}, or install an emulator for ${elf.machine} that binfmt_misc knows: qemu-user-static and binfmt-support of Debian.`,
    };
  }
  if (head.length === 0) return { kind: 'invalid', sentence: `${file} is an empty file, not a program: ${NO_FORMAT}` };
  if (elf === undefined) {
    return {
      kind: 'invalid',
      sentence: `${file} is neither a program nor a script with a "#!" line: ${NO_FORMAT}`,
      hint: 'If it is a shell script, start it with "#!/bin/sh".',
    };
  }
  return { kind: 'invalid', sentence: `${file} is a damaged program: ${NO_FORMAT}` };
}

function refused(file: string): Explanation {
  return {
    kind: 'denied',
    sentence: `${file} may not be executed: ${errnoWords('EACCES')}`,
    hint: 'Its execute permission is missing for this user, it is a directory, or its file system is mounted noexec.',
  };
}
