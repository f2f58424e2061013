/** A containerd of our own, for `ctr`, the CRI, and dockerd. */
import { mkdirSync, writeFileSync } from 'node:fs';
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
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${place}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "sampan"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.sampan]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.sampan.options]
        BinaryName = "${OURS}"
`;

/** Pods get a loopback and one end of a pair, from Debian's containernetworking-plugins. */
const NETWORK = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [{ type: 'ptp', ipam: { type: 'host-local', subnet: '10.99.0.0/24', dataDir: '/run/alone/cni-addresses' } }],
};

export const ctr = (...args: string[]): Outcome => run(['ctr', '--address', SOCKET, ...args]);

/** Starts it, with the images in the namespaces of `ctr` and of the CRI. */
export async function containerd(): Promise<Daemon> {
  const place = directoryOf('containerd');
  const file = join(place, 'config.toml');
  writeFileSync(file, configuration(place));
  mkdirSync(join(place, 'cni'), { recursive: true });
  writeFileSync(join(place, 'cni/pods.conflist'), JSON.stringify(NETWORK));
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
