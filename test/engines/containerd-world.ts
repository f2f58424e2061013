/** A containerd of our own, for `ctr`, the CRI, and dockerd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, directoryOf, imageArchive, IMAGE, OURS, PAUSE, run, type Outcome, startDaemon } from './world.ts';

export const SOCKET = join('/run/alone', 'containerd.sock');

const configuration = (place: string): string => `version = 2
root = "${place}/root"
state = "${place}/state"
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  disable_hugetlb_controller = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "sampan"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.sampan]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.sampan.options]
        BinaryName = "${OURS}"
`;

export const ctr = (...args: string[]): Outcome => run(['ctr', '--address', SOCKET, ...args]);

/** Starts it, with the images in the namespaces of `ctr` and of the CRI. */
export async function containerd(): Promise<Daemon> {
  const place = directoryOf('containerd');
  const file = join(place, 'config.toml');
  writeFileSync(file, configuration(place));
  const daemon = await startDaemon(['containerd', '--config', file], () => ctr('version').status === 0);
  const archives = [imageArchive(IMAGE, ['sh']), imageArchive(PAUSE, ['sleep', '1000000'])];
  for (const namespace of ['default', 'k8s.io']) {
    for (const archive of archives) {
      const { status, stderr } = ctr('--namespace', namespace, 'image', 'import', archive);
      if (status !== 0) throw new Error(`ctr image import: ${stderr}`);
    }
  }
  return daemon;
}
