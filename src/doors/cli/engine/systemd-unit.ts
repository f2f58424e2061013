import type { RestartPolicy } from '#engine/container/restart-policy.ts';

/** What a unit is made of; the words of commands are still to be quoted. */
export interface UnitRequest {
  /** How to call this program on the same root. */
  self: readonly string[];
  root: string;
  /** The unit's name without its suffix. */
  name: string;
  container: string;
  /** Flags, image and command of a container that is made anew at each start; undefined for one that exists. */
  createdBy?: readonly string[];
  restart: string;
  restartSeconds?: number;
  startSeconds?: number;
  stopSeconds: number;
  after: readonly string[];
  wants: readonly string[];
  requires: readonly string[];
  env: readonly string[];
  header: boolean;
}

/** Beyond what the container has to end, for the rest of the way. */
const STOP_MARGIN_SECONDS = 60;

/** The unit of one container. Its main process is the monitor, which ends with the container's exit status. */
export function containerUnit(request: UnitRequest): string {
  const { self, container, stopSeconds, restart, restartSeconds, startSeconds } = request;
  const run = (...words: string[]): string => commandLine([...self, ...words]);
  const stop = run('stop', '-t', String(stopSeconds), container);
  return unit(request.header, request.name, {
    Unit: [
      ['Description', `sampan ${request.name}.service`],
      ['Wants', ['network-online.target', ...request.wants].join(' ')],
      ['After', ['network-online.target', ...request.after].join(' ')],
      ...(request.requires.length === 0 ? [] : [['Requires', request.requires.join(' ')] as const]),
      ['RequiresMountsFor', word(request.root)],
    ],
    Service: [
      ...request.env.map((one) => ['Environment', quoted(one)] as const),
      ['Restart', restart],
      ...(restartSeconds === undefined ? [] : [['RestartSec', String(restartSeconds)] as const]),
      ...(startSeconds === undefined ? [] : [['TimeoutStartSec', String(startSeconds)] as const]),
      ['TimeoutStopSec', String(stopSeconds + STOP_MARGIN_SECONDS)],
      ['Type', 'notify'],
      ['NotifyAccess', 'all'],
      ...(request.createdBy === undefined
        ? [
            ['ExecStart', run('start', '--sdnotify=conmon', container)] as const,
            ['ExecStop', stop] as const,
            ['ExecStopPost', stop] as const,
          ]
        : [
            ['ExecStartPre', `-${run('rm', '-f', container)}`] as const,
            ['ExecStart', run('run', '-d', `--name=${container}`, ...serviceWords(request.createdBy))] as const,
            ['ExecStop', stop] as const,
            ['ExecStopPost', `-${run('rm', '-f', container)}`] as const,
          ]),
    ],
    Install: [['WantedBy', 'default.target']],
  });
}

/** The unit that brings back, at boot, what its restart policies say, and stops it in order before the end. */
export function bootUnit({ self, root, header }: Pick<UnitRequest, 'self' | 'root' | 'header'>): string {
  const each = ['--all', '--filter', 'should-start-on-boot=true'];
  return unit(header, 'sampan-restart', {
    Unit: [
      ['Description', 'Containers of sampan that a restart policy keeps up'],
      ['Wants', 'network-online.target'],
      ['After', 'network-online.target'],
      ['RequiresMountsFor', word(root)],
    ],
    Service: [
      ['Type', 'oneshot'],
      ['RemainAfterExit', 'yes'],
      ['ExecStart', commandLine([...self, 'start', ...each])],
      ['ExecStop', commandLine([...self, 'stop', ...each, '--until-boot'])],
      ['TimeoutStopSec', '70'],
    ],
    Install: [['WantedBy', 'multi-user.target']],
  });
}

/** The service's restarts are systemd's, and it removes the container itself. */
const NOT_OF_A_SERVICE = /^--(restart|rm|sdnotify)=/;

function serviceWords(createdBy: readonly string[]): string[] {
  const asked = createdBy.find((one) => one.startsWith('--sdnotify='));
  return [asked ?? '--sdnotify=conmon', ...withoutFlags(createdBy)];
}

/** Flags end where the image begins: what follows is the program's own. */
function withoutFlags(createdBy: readonly string[]): string[] {
  const image = createdBy.findIndex((one) => !one.startsWith('--'));
  return createdBy.filter((one, at) => at >= image || !NOT_OF_A_SERVICE.test(one));
}

/** What systemd is to do at the end of a container with this policy. */
export const serviceRestart = (policy: RestartPolicy | undefined): string | undefined =>
  policy === undefined ? undefined : policy.name === 'on-failure' ? 'on-failure' : 'always';

type Section = readonly (readonly [string, string])[];

function unit(header: boolean, name: string, sections: Readonly<Record<string, Section>>): string {
  const parts = Object.entries(sections).map(
    ([section, lines]) => `[${section}]\n${lines.map(([key, value]) => `${key}=${value}\n`).join('')}`,
  );
  return [...(header ? [`# ${name}.service\n# Written by: sampan generate systemd\n`] : []), ...parts].join('\n');
}

const commandLine = (words: readonly string[]): string => words.map(word).join(' ');

/** One word of a command line as systemd reads it: no specifiers, no variables, nothing that ends it. */
export function word(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', () => '$$');
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : quote(plain);
}

const quoted = (text: string): string => quote(text.replaceAll('%', '%%'));

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const quote = (text: string): string => `"${text.replace(/["\\\n\r\t]/g, (one) => ESCAPES[one] ?? one)}"`;
