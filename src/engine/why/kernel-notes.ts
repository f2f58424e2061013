import type { HostFacts } from '#kernel/host-facts.ts';
import type { KernelLine } from '#kernel/kernel-log.ts';
import { callName } from '#runtime/seccomp/call-names.ts';
import type { KernelNotes } from './facts.ts';

/** Whose messages are looked for. */
export interface Sought {
  /** Of the container: the last part of its control groups' paths. */
  id: string;
  /** Its first process, in our pid namespace. */
  init: number | undefined;
  /** The run, in milliseconds since the boot. */
  from: number;
  to: number;
  arch: HostFacts['arch'];
}

/** A message is written a little after what it tells of, and clocks are read one after the other. */
const SLACK_MS = 250;

/** Finds what is about one run of one container among the kernel's messages. */
export function kernelNotes(lines: readonly KernelLine[], sought: Sought): KernelNotes {
  const during = lines.filter(({ since }) => since >= sought.from - SLACK_MS && since <= sought.to + SLACK_MS);
  const texts = during.map(({ text }) => text);
  return {
    oom: texts.flatMap((text) => oomKill(text, texts, sought)),
    denied: texts.flatMap((text) => deniedCall(text, sought)),
    faults: texts.filter((text) => isFaultOf(text, sought.init)),
  };
}

/** `oom-kill:constraint=CONSTRAINT_MEMCG,...,task_memcg=/sampan/ID,task=sh,pid=12,uid=0`. */
function oomKill(text: string, texts: readonly string[], { id }: Sought): KernelNotes['oom'] {
  if (!text.startsWith('oom-kill:') || !text.includes(`/${id}`)) return [];
  const process = /,task=(.*),pid=(\d+)/.exec(text);
  if (process === null) return [];
  const [, name = '', pid = ''] = process;
  const everywhere = text.includes('CONSTRAINT_NONE') || text.includes('global_oom');
  const resident = texts
    .filter((other) => other.includes(`Killed process ${pid} (`))
    .flatMap((other) => [...other.matchAll(/(?:anon|shmem)-rss:(\d+)kB/g)].map(([, kilobytes]) => Number(kilobytes)));
  const bytes = resident.reduce((sum, kilobytes) => sum + kilobytes * 1024, 0);
  return [{ pid: Number(pid), process: name, everywhere, ...(bytes > 0 ? { bytes } : {}) }];
}

/** `audit: type=1326 ... pid=12 comm="sh" exe="/bin/sh" sig=31 arch=c000003e syscall=165 ...`. */
function deniedCall(text: string, { init, arch }: Sought): KernelNotes['denied'] {
  const found = /type=1326 .*\bpid=(\d+) comm=(\S+) .*\bsig=31 arch=([0-9a-f]+) syscall=(\d+)/.exec(text);
  if (found === null) return [];
  const [, pid, process = '', audit = '', number] = found;
  const name = callName(arch, parseInt(audit, 16), Number(number));
  return [{ process: process.replaceAll('"', ''), call: name ?? `number ${number}`, own: Number(pid) === init }];
}

/** `sh[12]: segfault at 0 ip ...`, `traps: sh[12] trap invalid opcode ...`. */
function isFaultOf(text: string, init: number | undefined): boolean {
  return init !== undefined && text.includes(`[${init}]`) && /\b(?:segfault|trap|general protection)\b/.test(text);
}
