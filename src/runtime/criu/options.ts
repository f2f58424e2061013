import { Fault } from '#base/fault.ts';

/** What checkpoint and restore are both told. */
export interface CriuOptions {
  /** Directory of the images; absolute. */
  images: string;
  /** Directory of logs; absolute. */
  work: string;
  tcpEstablished?: boolean;
  tcpClose?: boolean;
  unixSockets?: boolean;
  shellJob?: boolean;
  fileLocks?: boolean;
  lazyPages?: boolean;
  autoDedup?: boolean;
  manageCgroups?: string;
  /** Namespaces whose contents are left out. */
  emptyNamespaces?: readonly string[];
}

const MODES = ['soft', 'full', 'strict', 'ignore'];
const SWITCHES: readonly (readonly [keyof CriuOptions, string])[] = [
  ['tcpEstablished', '--tcp-established'],
  ['tcpClose', '--tcp-close'],
  ['unixSockets', '--ext-unix-sk'],
  ['shellJob', '--shell-job'],
  ['fileLocks', '--file-locks'],
  ['lazyPages', '--lazy-pages'],
  ['autoDedup', '--auto-dedup'],
];

/** The arguments that both commands of criu take alike. */
export function commonArguments(options: CriuOptions, log: string, config: string | undefined): string[] {
  const mode = options.manageCgroups ?? 'soft';
  if (!MODES.includes(mode)) fail('--manage-cgroups-mode', `must be one of ${MODES.join(', ')}`);
  const empty = options.emptyNamespaces ?? [];
  if (empty.some((name) => name !== 'network')) fail('--empty-ns', 'knows network only');
  return [
    `--images-dir=${options.images}`,
    `--work-dir=${options.work}`,
    `--log-file=${log}`,
    '-v4',
    ...(config === undefined ? [] : ['--config', config]),
    `--manage-cgroups=${mode}`,
    ...SWITCHES.filter(([name]) => options[name] === true).map(([, flag]) => flag),
    ...empty.flatMap(() => ['--empty-ns', 'net']),
  ];
}

function fail(flag: string, why: string): never {
  throw new Fault('invalid', `${flag} ${why}`, { field: flag });
}
