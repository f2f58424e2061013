/** The Kubernetes container runtime interface, version 1: field numbers of the messages that the tests use. */
import { GrpcClient } from './grpc.ts';
import { decode, encode, type Fields, type Message } from './protobuf.ts';

const NUMBER: Message = { value: [1, 'int'] };
const NAMESPACES: Message = { network: [1, 'int'], pid: [2, 'int'], ipc: [3, 'int'] };
const SANDBOX: Message = {
  metadata: [1, { name: [1, 'string'], uid: [2, 'string'], namespace: [3, 'string'], attempt: [4, 'int'] }],
  hostname: [2, 'string'],
  log_directory: [3, 'string'],
  labels: [6, 'map'],
  annotations: [7, 'map'],
  linux: [
    8,
    {
      cgroup_parent: [1, 'string'],
      security_context: [2, { namespace_options: [1, NAMESPACES] }],
      sysctls: [3, 'map'],
    },
  ],
};
const RESOURCES: Message = {
  cpu_period: [1, 'int'],
  cpu_quota: [2, 'int'],
  cpu_shares: [3, 'int'],
  memory_limit_in_bytes: [4, 'int'],
  oom_score_adj: [5, 'int'],
  cpuset_cpus: [6, 'string'],
};
const CONTAINER: Message = {
  metadata: [1, { name: [1, 'string'], attempt: [2, 'int'] }],
  image: [2, { image: [1, 'string'] }],
  command: [3, { list: 'string' }],
  args: [4, { list: 'string' }],
  working_dir: [5, 'string'],
  envs: [6, { list: { key: [1, 'string'], value: [2, 'string'] } }],
  mounts: [7, { list: { container_path: [1, 'string'], host_path: [2, 'string'], readonly: [3, 'bool'] } }],
  log_path: [11, 'string'],
  stdin: [12, 'bool'],
  tty: [14, 'bool'],
  linux: [
    15,
    {
      resources: [1, RESOURCES],
      security_context: [
        2,
        {
          privileged: [2, 'bool'],
          namespace_options: [3, NAMESPACES],
          run_as_user: [5, NUMBER],
          readonly_rootfs: [7, 'bool'],
          no_new_privs: [11, 'bool'],
        },
      ],
    },
  ],
};
const ONE_SANDBOX: Message = { pod_sandbox_id: [1, 'string'] };
const ONE_CONTAINER: Message = { container_id: [1, 'string'] };
const STATUS: Message = {
  id: [1, 'string'],
  state: [3, 'int'],
  created_at: [4, 'int'],
  started_at: [5, 'int'],
  finished_at: [6, 'int'],
  exit_code: [7, 'int'],
  reason: [10, 'string'],
  message: [11, 'string'],
};
const NOTHING: Message = {};

/** Request and answer by method. */
const METHODS = {
  Version: [NOTHING, { runtime_name: [2, 'string'], runtime_api_version: [4, 'string'] }],
  RunPodSandbox: [{ config: [1, SANDBOX], runtime_handler: [2, 'string'] }, ONE_SANDBOX],
  StopPodSandbox: [ONE_SANDBOX, NOTHING],
  RemovePodSandbox: [ONE_SANDBOX, NOTHING],
  ListPodSandbox: [NOTHING, { items: [1, { list: { id: [1, 'string'] } }] }],
  CreateContainer: [
    { pod_sandbox_id: [1, 'string'], config: [2, CONTAINER], sandbox_config: [3, SANDBOX] },
    ONE_CONTAINER,
  ],
  StartContainer: [ONE_CONTAINER, NOTHING],
  StopContainer: [{ ...ONE_CONTAINER, timeout: [2, 'int'] }, NOTHING],
  RemoveContainer: [ONE_CONTAINER, NOTHING],
  ContainerStatus: [ONE_CONTAINER, { status: [1, STATUS] }],
  UpdateContainerResources: [{ ...ONE_CONTAINER, linux: [2, RESOURCES] }, NOTHING],
  ExecSync: [
    { ...ONE_CONTAINER, cmd: [2, { list: 'string' }], timeout: [3, 'int'] },
    { stdout: [1, 'bytes'], stderr: [2, 'bytes'], exit_code: [3, 'int'] },
  ],
  ContainerStats: [
    ONE_CONTAINER,
    {
      stats: [
        1,
        {
          cpu: [2, { timestamp: [1, 'int'], usage_core_nano_seconds: [2, NUMBER] }],
          memory: [3, { timestamp: [1, 'int'], working_set_bytes: [2, NUMBER] }],
        },
      ],
    },
  ],
} as const satisfies Record<string, readonly [Message, Message]>;

/** States of a container. */
export const EXITED = 2;
export const RUNNING = 1;
/** Of a namespace: the host's. */
export const NODE = 2;

export class Cri implements Disposable {
  readonly #client: GrpcClient;

  constructor(socket: string) {
    this.#client = new GrpcClient(socket);
  }

  async call(method: keyof typeof METHODS, request: Fields = {}): Promise<Fields> {
    const [asked, answer]: readonly [Message, Message] = METHODS[method];
    return decode(answer, await this.#client.call(`runtime.v1.RuntimeService/${method}`, encode(asked, request)));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
