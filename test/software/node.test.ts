/** A server on Node: it answers, ends in its own way on SIGTERM, and with --init its orphans are reaped. */
import { beforeAll, expect, test } from 'bun:test';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';
import { endsClean, IMAGE, softwareWorld, until, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
beforeAll(async () => (world = await softwareWorld()), 360_000);
endsClean(() => world);

const NODE = ['-v', `${realpathSync(join(TREE, 'node_modules/.bin/node'))}:/usr/local/bin/node:ro`];

const SERVER = `
const server = require('node:http').createServer((request, response) => response.end(request.url + ' of ' + process.pid));
server.listen(80, () => console.log('listening'));
process.on('SIGTERM', () => { console.log('closing'); server.close(() => process.exit(7)); });
`;
const CLIENT = "fetch('http://localhost/a').then((answer) => answer.text()).then(console.log)";

test('a server as an ordinary user answers and closes in its own way', async () => {
  const program = [IMAGE, 'node', '-e', SERVER];
  const started = await world.sampan('run', '-d', '--name', 'node', ...NODE, '-u', 'nobody', '-m', '512m', ...program);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  const said = await world.exec('node', until(`node -e "${CLIENT}" 2>/dev/null`));
  expect(said).toBe('/a of 1\n');
  expect((await world.sampan('stop', '-t', '60', 'node')).status).toBe(0);
  expect((await world.sampan('wait', 'node')).stdout).toBe('7\n');
  expect(await world.logs('node')).toBe('listening\nclosing\n');
  expect((await world.sampan('rm', 'node')).status).toBe(0);
});

test('with --init orphans are reaped, and the signal reaches the program', async () => {
  const orphan =
    "require('node:child_process').spawn('sh', ['-c', '(sleep 0.1; exec true) & echo $!'], { stdio: 'inherit' })";
  const program = `setInterval(() => {}, 1000); ${orphan}; process.on('SIGTERM', () => process.exit(8)); require('node:fs').writeFileSync('/tmp/ready', '')`;
  const started = await world.sampan('run', '-d', '--init', '--name', 'orphans', ...NODE, IMAGE, 'node', '-e', program);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  expect(
    await world.exec(
      'orphans',
      `${until('test -e /tmp/ready && ! pgrep sleep >/dev/null')}; ps -eo stat= | grep -c Z || true`,
    ),
  ).toBe('0\n');
  expect((await world.sampan('stop', '-t', '60', 'orphans')).status).toBe(0);
  expect((await world.sampan('wait', 'orphans')).stdout).toBe('8\n');
  expect((await world.sampan('rm', 'orphans')).status).toBe(0);
});
