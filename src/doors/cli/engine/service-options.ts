import { Fault } from '#base/fault.ts';
import type { FlagSpec, Flags } from '#doors/cli/flags.ts';
import { listening } from '#doors/cli/listen.ts';
import { SDNOTIFY_MODES, type SdnotifyMode } from '#engine/container/sdnotify.ts';
import type { Service } from '#engine/container/service.ts';
import type { ContainerOptions } from '#engine/container/options.ts';

export const SDNOTIFY_FLAG: FlagSpec = {
  kind: 'text',
  value: 'MODE',
  does: 'Who tells systemd that it is ready: container (the default), conmon (sampan, once it runs) or ignore',
};

export function sdnotifyMode(flags: Flags): SdnotifyMode | undefined {
  const text = flags.text('sdnotify');
  const mode = SDNOTIFY_MODES.find((one) => one === text);
  if (text === undefined || mode !== undefined) return mode;
  throw new Fault('invalid', `read --sdnotify: "${text}" is none of ${SDNOTIFY_MODES.join(', ')}`, {
    field: '--sdnotify',
  });
}

/** What systemd gives a service: undefined where this process is none. */
export function serviceOf(
  env: Readonly<Record<string, string | undefined>>,
  options: ContainerOptions,
  asked?: SdnotifyMode,
): Service | undefined {
  const notify = env['NOTIFY_SOCKET'] || undefined;
  const sockets = listening(env);
  if (notify === undefined && sockets === 0) return undefined;
  return { ...(notify === undefined ? {} : { notify }), mode: asked ?? options.sdnotify ?? 'container', sockets };
}
