/** What the demo does, in order: command lines as a user types them, and what each must have said. */
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';

export interface Step {
  args: readonly string[];
  /** What is wrong with the output; undefined when it is as it should be. */
  complaint?: (output: string) => string | undefined;
  /** Tried again for so many milliseconds while there is a complaint (a server needs a moment to listen). */
  patience?: number;
}

const has =
  (...texts: string[]) =>
  (output: string): string | undefined => {
    const missing = texts.find((text) => !output.includes(text));
    return missing === undefined ? undefined : `"${missing}" is not in the output`;
  };

const hasNot =
  (text: string) =>
  (output: string): string | undefined =>
    output.includes(text) ? `"${text}" is still in the output` : undefined;

/** There is no curl in a minimal Debian, but bash speaks TCP. */
const REQUEST = String.raw`exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3`;
const SERVE = ['nginx', '-g', 'daemon off; error_log stderr notice;'];
const SITE = `${join(TREE, 'demo/site.conf')}:/etc/nginx/conf.d/site.conf:ro`;

/** `image` is the full name of the Debian image in the registry. */
export function demoSteps(image: string): Step[] {
  const repository = image.slice(0, image.lastIndexOf(':'));
  const all = ['ps', '--all'];
  return [
    { args: ['pull', image], complaint: has('Digest: sha256:', image) },
    { args: ['images'], complaint: has(repository, '12') },
    { args: ['run', '--rm', image, 'cat', '/etc/os-release'], complaint: has('PRETTY_NAME="Debian GNU/Linux 12') },
    {
      args: [
        'run',
        '--rm',
        '--memory',
        '64m',
        '--read-only',
        '--user',
        'nobody',
        image,
        'sh',
        '-c',
        'id; hostname; ls /proc/self/fd',
      ],
      complaint: has('uid=65534(nobody)'),
    },
    {
      args: ['run', '-d', '--name', 'web', '-v', SITE, image, ...SERVE],
      complaint: (output) => (/^[0-9a-f]{64}$/m.test(output) ? undefined : 'no container id was printed'),
    },
    { args: ['ps'], complaint: has('web', 'Up ', 'nginx') },
    {
      args: ['exec', 'web', 'bash', '-c', REQUEST],
      complaint: has('200 OK', 'hello from a container without a daemon'),
      patience: 3000,
    },
    { args: ['exec', 'web', 'sh', '-c', 'cat /proc/1/comm; ls /sys/class/net'], complaint: has('nginx', 'lo') },
    { args: ['logs', 'web'], complaint: has('start worker process', '"GET / HTTP/1.0" 200'), patience: 2000 },
    { args: ['inspect', 'web'], complaint: has('"Running": true', '"Name": "/web"') },
    { args: ['stop', 'web'], complaint: has('web') },
    { args: all, complaint: has('web', 'Exited (0)') },
    { args: ['rm', 'web'], complaint: has('web') },
    { args: all, complaint: hasNot('web') },
    { args: ['rmi', image], complaint: has(repository) },
    { args: ['images'], complaint: hasNot(repository) },
  ];
}
