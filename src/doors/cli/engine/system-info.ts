import { formatBinaryBytes } from '#base/units.ts';
import { thisMachine } from '#engine/doctor/doctor.ts';
import { systemInfo } from '#engine/info/info.ts';
import { print, warn } from '#doors/cli/io.ts';
import { parseTemplate } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';

type Info = Readonly<Record<string, unknown>>;

/** `system info`, `info`: what there is here, and what this machine is. */
export const systemInfoVerb: Verb = {
  flags: {
    format: { kind: 'text', short: 'f', value: 'FORMAT', does: 'json or a template such as {{.Driver}}' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const format = flags.text('format');
    const template = format === undefined || format === 'json' ? undefined : parseTemplate(format);
    const engine = await open();
    const info = systemInfo(engine, thisMachine(engine.root, io.env['PATH'] ?? ''));
    if (template !== undefined) print(io, template(info));
    else if (format === 'json') print(io, JSON.stringify(info));
    else {
      for (const line of LINES) for (const text of line(info)) print(io, text);
      for (const text of info['Warnings'] as string[]) warn(io, text);
    }
    return 0;
  },
};

type Line = (info: Info) => string[];

const text = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value));
const field =
  (heading: string, name: string): Line =>
  (info) => [`${heading}: ${text(info[name])}`];
const below =
  (heading: string, rows: (info: Info) => readonly (readonly [string, unknown])[]): Line =>
  (info) => [`${heading}:`, ...rows(info).map(([name, value]) => ` ${name}: ${text(value)}`)];

/** Docker's lines in docker's order. */
const LINES: readonly Line[] = [
  field('Containers', 'Containers'),
  ({ ContainersRunning, ContainersPaused, ContainersStopped }) => [
    ` Running: ${text(ContainersRunning)}`,
    ` Paused: ${text(ContainersPaused)}`,
    ` Stopped: ${text(ContainersStopped)}`,
  ],
  field('Images', 'Images'),
  field('Server Version', 'ServerVersion'),
  field('Storage Driver', 'Driver'),
  ({ DriverStatus }) => (DriverStatus as [string, string][]).map(([name, value]) => ` ${name}: ${value}`),
  field('Logging Driver', 'LoggingDriver'),
  field('Cgroup Driver', 'CgroupDriver'),
  field('Cgroup Version', 'CgroupVersion'),
  below('Plugins', ({ Plugins }) => Object.entries(Plugins as Info)),
  ({ Runtimes }) => [`Runtimes: ${Object.keys(Runtimes as Info).join(' ')}`],
  field('Default Runtime', 'DefaultRuntime'),
  ({ SecurityOptions }) => [
    'Security Options:',
    ...(SecurityOptions as string[]).flatMap((option) => {
      const [name, ...more] = option.split(',').map((part) => part.slice(part.indexOf('=') + 1));
      return [`  ${name}`, ...more.map((value) => `   Profile: ${value}`)];
    }),
  ],
  field('Kernel Version', 'KernelVersion'),
  field('Operating System', 'OperatingSystem'),
  field('OSType', 'OSType'),
  field('Architecture', 'Architecture'),
  field('CPUs', 'NCPU'),
  ({ MemTotal }) => [`Total Memory: ${formatBinaryBytes(Number(MemTotal))}`],
  field('Name', 'Name'),
  field('ID', 'ID'),
  field('Docker Root Dir', 'DockerRootDir'),
];
