import type { Step } from '#kernel/plan.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { from } from './context.ts';

/** How a filter's listener leaves the process that the filter is for: by way of the first program. */
export interface Handover {
  /** The first program's end of a channel to `holder`. */
  channel: string;
  /** The process that has the listener. */
  holder: string;
  /** The process that the agent is told of. */
  pidfd: string;
}

/** The container as the listener's agent is told of it. */
export interface ListenerSubject {
  spec: Spec;
  id: string;
  bundle: string;
  status: 'creating' | 'running';
  /** The container's first process, when that is not the one that the filter is for. */
  init?: number;
}

const ORIGIN = 'linux.seccomp.listenerPath';
export const LISTENER = 'listener';
const AGENT = 'listener.agent';

/** Right after the filter: from here on any call may wait for the agent, who has the listener before we go on. */
export function handedOver(channel: string): Step[] {
  return [
    { op: 'offerFd', slot: channel, fd: LISTENER, origin: ORIGIN },
    { op: 'wait', slot: channel, origin: ORIGIN },
    { op: 'close', slot: LISTENER, origin: ORIGIN },
  ];
}

/** The first program's part: takes the listener. */
export function takeListener({ channel, holder }: Handover): Step {
  return { op: 'takeFd', slot: channel, pidfd: holder, out: LISTENER, origin: ORIGIN };
}

/** Sends it on; nothing of the image has run by then. Nothing is kept: that nobody answers any more must be seen. */
export function handOver(subject: ListenerSubject, { channel, pidfd }: Handover): Step[] {
  const { listenerPath = '' } = subject.spec.linux?.seccomp ?? {};
  return from(ORIGIN, [
    { op: 'connect', path: listenerPath, out: AGENT },
    { op: 'sendFdWithPid', slot: AGENT, fd: LISTENER, pidfd, pieces: processState(subject) },
    { op: 'close', slot: AGENT },
    { op: 'close', slot: LISTENER },
    { op: 'post', slot: channel },
  ]);
}

/** ContainerProcessState of the specification, cut where the pid of the filtered process belongs. */
function processState({ spec, id, bundle, status, init }: ListenerSubject): string[] {
  const { listenerMetadata } = spec.linux?.seccomp ?? {};
  const { ociVersion, annotations } = spec;
  const head = `${open({ ociVersion, fds: ['seccompFd'] })},"pid":`;
  const metadata = listenerMetadata ? `,"metadata":${JSON.stringify(listenerMetadata)}` : '';
  const state = `${metadata},"state":${open({ ociVersion, id, status })},"pid":`;
  const tail = `,${JSON.stringify({ bundle, ...(annotations ? { annotations } : {}) }).slice(1)}}`;
  return init === undefined ? [head, state, tail] : [head, `${state}${init}${tail}`];
}

/** An object as JSON, without its closing brace. */
function open(object: object): string {
  return JSON.stringify(object).slice(0, -1);
}
