/** Boots a virtual machine in software emulation, runs one command in it, and brings its status and report back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwned } from '#tools/owned-process.ts';
import { debianDisk, writeTreeDisk, type Boot } from './disks.ts';
import { writeInitramfs } from './initramfs.ts';
import { kernel, type KernelName } from './kernels.ts';

export interface MachineRun {
  kernel: KernelName;
  boot?: Boot;
  /** A shell script, run in the tree; it may leave a file /run/report. */
  command: string;
  /** Seconds until the machine is switched off. */
  limit: number;
  /** Console on our terminal instead of being collected. */
  interactive?: boolean;
  onOutput?: (chunk: Buffer) => void;
}

export interface MachineResult {
  /** The command's exit status; undefined when the machine died or was switched off before it ended. */
  status: number | undefined;
  console: string;
  report: string;
  seconds: number;
}

const END_OF_REPORT = '-- end of report --\n';

/** What came through the second serial port; a report without its end counts as none. */
export function readReport(text: string): { status: number | undefined; report: string } {
  const status = /^status (\d+)\n/.exec(text)?.[1];
  if (status === undefined || !text.endsWith(END_OF_REPORT)) return { status: undefined, report: '' };
  return { status: Number(status), report: text.slice(text.indexOf('\n') + 1, -END_OF_REPORT.length) };
}

const HARDWARE =
  '-accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -no-user-config -display none -no-reboot'.split(' ');

function qemuArguments(directory: string, vmlinuz: string, boot: Boot, interactive: boolean): string[] {
  const [script] = boot.split('-');
  const groups = boot === 'systemd-v1' ? ' systemd.unified_cgroup_hierarchy=0' : '';
  const words = `console=ttyS0 quiet panic=-1 mitigations=off tsc=unstable boot=${script}${groups}${interactive ? ' interactive=1' : ''}`;
  const kernelFiles = ['-kernel', vmlinuz, '-initrd', join(directory, 'initramfs'), '-append', words];
  const disks = [debianDisk(boot), join(directory, 'tree.ext4')];
  const drives = disks.flatMap((file) => ['-drive', `file=${file},format=raw,if=virtio,snapshot=on`]);
  const consoles = ['-serial', interactive ? 'mon:stdio' : 'stdio', '-serial', `file:${join(directory, 'report')}`];
  return [...HARDWARE, ...kernelFiles, ...drives, ...consoles];
}

export async function runInMachine(options: MachineRun): Promise<MachineResult> {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-vm-'));
  const interactive = options.interactive === true;
  const begun = performance.now();
  try {
    const { vmlinuz, release, root } = kernel(options.kernel);
    writeInitramfs(join(directory, 'initramfs'), { vmlinuz, release, root }, options.command);
    writeTreeDisk(join(directory, 'tree.ext4'));
    const args = qemuArguments(directory, vmlinuz, options.boot ?? 'script', interactive);
    const env = { ...process.env, TMPDIR: directory };
    const machine = startOwned('qemu-system-x86_64', args, {
      directory,
      stdio: interactive ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env,
    });
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      options.onOutput?.(chunk);
    };
    machine.child.stdout?.on('data', take);
    machine.child.stderr?.on('data', take);
    const timer = setTimeout(() => void machine.stop(), options.limit * 1000);
    await machine.ended.finally(() => clearTimeout(timer));
    const { status, report } = readReport(readFileSync(join(directory, 'report'), 'utf8'));
    return { status, report, console: Buffer.concat(chunks).toString(), seconds: (performance.now() - begun) / 1000 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
