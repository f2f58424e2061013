import type { Spec } from '#runtime/spec/spec.ts';

/** Socket activation (sd_listen_fds): the program, first process of its container, gets so many sockets from 3 on. */
export function withSockets(spec: Spec, count = 0): Spec {
  const { process: program } = spec;
  if (count === 0 || program === undefined) return spec;
  const env = [...(program.env ?? []), `LISTEN_FDS=${count}`, 'LISTEN_PID=1'];
  return { ...spec, process: { ...program, env } };
}
