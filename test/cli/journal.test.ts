/** `--log-driver journald` with a journal of its own, in a mount namespace of its own. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

const JOURNALD = '/usr/lib/systemd/systemd-journald';
let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const PLACES = `
for place in /run/systemd /run/log; do mkdir -p $place; mount -t tmpfs tmpfs $place; done
mkdir -p /run/systemd/journal
echo 0123456789abcdef0123456789abcdef > /run/systemd/machine-id
[ -s /etc/machine-id ] || mount --bind /run/systemd/machine-id /etc/machine-id
`;
const JOURNAL = `
${JOURNALD} & journal=$!
trap 'kill $journal' EXIT
tries=0
while ! [ -S /run/systemd/journal/socket ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
`;

/** Runs a script where /run/systemd is empty; `sampan` in it is ours. */
async function privately(script: string) {
  const file = join(world.root, 'script.sh');
  writeFileSync(file, `${PLACES}sampan() { ${SAMPAN} "$@"; }\n${script}`);
  const child = Bun.spawn(['unshare', '--mount', '--propagation', 'private', 'sh', file, world.image], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: world.root, SAMPAN_ROOT: world.root },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { stdout, stderr, status: await child.exited };
}

test('without a journal the start is refused, and what to do is said', async () => {
  const { stderr, status } = await privately('sampan run --rm --log-driver journald "$1" true');
  expect(status).toBe(125);
  expect(stderr).toContain('/run/systemd/journal/socket');
  expect(stderr).toContain('systemd-journald');
});

test('without journalctl, logs says that it is needed', async () => {
  await world.sampan('create', '--log-driver', 'journald', '--name', 'unread', world.image, 'true');
  const { stderr, status } = await world.call(['logs', 'unread'], { env: { PATH: '/nonesuch' } });
  expect([status, stderr]).toEqual([7, expect.stringContaining('journalctl')]);
  await world.sampan('rm', 'unread');
});

test.skipIf(!existsSync(JOURNALD))('logs are in the journal, and come back with every option', async () => {
  const run = 'sampan run --name noted --log-driver journald --log-opt tag=it --log-opt labels=l -l l=7 "$1" sh -c';
  const { stdout, stderr } = await privately(`${JOURNAL}
${run} 'printf "a\\0b\\n"; sleep 0.1; printf part; sleep 0.3; echo " rest"; sleep 0.1; echo err >&2' > /dev/null 2>&1
tries=0
while [ "$(sampan logs noted 2>/dev/null | wc -l)" -lt 2 ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
echo "-all"; sampan logs noted
echo "-tail"; sampan logs -n 1 noted 2>&1
echo "-details"; sampan logs --details -t noted 2>/dev/null | tail -n 1 | cut -c31-
echo "-since"; sampan logs --since 1h noted 2>/dev/null | wc -l; sampan logs --until 1h noted | wc -l
echo "-fields"; journalctl -q -o cat --output-fields=CONTAINER_NAME,CONTAINER_TAG,L,IMAGE_NAME -n 1 CONTAINER_NAME=noted
sampan run -d --name heard --log-driver journald "$1" sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' > /dev/null
echo "-follow"; sampan logs -f heard
sampan inspect -f '{{.HostConfig.LogConfig.Type}} {{json .LogPath}}' heard
sampan rm -f noted heard > /dev/null`);
  expect(stderr.split('\n').filter((line) => line === 'err')).toEqual(['err']);
  expect(stdout.replaceAll('\0', '(0)').split('\n')).toEqual([
    '-all',
    'a(0)b',
    'part rest',
    '-tail',
    'err',
    '-details',
    ' l=7 part rest',
    '-since',
    '2',
    '0',
    '-fields',
    ...['noted', 'it', '7', world.image].toSorted((a, b) => stdout.indexOf(`\n${a}\n`) - stdout.indexOf(`\n${b}\n`)),
    '-follow',
    '1',
    '2',
    '3',
    'journald ""',
    '',
  ]);
  expect(world.leftovers()).toEqual([]);
});
