/**
 * The kill campaign: two or three processes side by side on one store, all killed at a random moment, then one command
 * to its end, after which the store must be right. The seed says everything but the moments.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushMulti } from '#test/cli/multi-world.ts';
import type { CliWorld } from '#test/cli/world.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { makeImage, type Layer } from '#tools/image/oci-image.ts';
import { packTree } from '#tools/image/pack.ts';
import { pushImage } from '#tools/image/push.ts';
import { generator } from '#tools/random.ts';
import { checkStore } from './check.ts';
import { CONTAINER, OPERATIONS, type Material, type Operation } from './operations.ts';

const LAYER_FILES = 40;
const LAYER_FILE_BYTES = 8000;
/** Every image is run, and every tree compared with its blob, once in so many rounds. */
const WHOLE_EVERY = 10;
/** Nothing has begun to do anything before. */
const START_MS = 30;
/** Of a killed program, its launcher may live a moment longer. */
const GRACE_MS = 30;
const [REST_MS, REST_TRIES] = [200, 15];

/** Three images on one base, each with layers that it shares with the next. */
export async function prepareCampaign(world: CliWorld, seed: number): Promise<Material> {
  const place = mkdtempSync(join(tmpdir(), 'sampan-campaign-'));
  try {
    const [base, ...extra] = [
      layer(place, writeBusyboxTree),
      ...Array.from({ length: 4 }, () => layer(place, writeFiles)),
    ];
    const images: string[] = [];
    for (const index of [0, 1, 2]) {
      const layers = [base, extra[0], ...extra.slice(index + 1, index + 3)].filter((one) => one !== undefined);
      const image = makeImage(layers, { Cmd: ['true'], Env: ['PATH=/bin', `INDEX=${index}`] });
      await pushImage(world.registry.url, `campaign/${index}`, '1', image);
      images.push(`${world.registry.host}/campaign/${index}:1`);
    }
    const [archive, rootfs] = [join(world.root, 'two.tar'), join(world.root, 'rootfs.tar')];
    for (const image of images) await must(world, 'pull', '-q', image);
    await must(world, 'save', '-o', archive, ...images.slice(0, 2));
    await pushMulti(world.registry.url, 'campaign/multi', '1');
    const [multi, whole] = [`${world.registry.host}/campaign/multi:1`, join(world.root, 'whole.tar')];
    await must(world, 'pull', '-q', '--all-platforms', multi);
    await must(world, 'save', '--all-platforms', '--format', 'oci-archive', '-o', whole, multi);
    await must(world, 'run', '--name', 'exported', images[2] ?? '', 'true');
    await must(world, 'export', '-o', rootfs, 'exported');
    await must(world, 'rm', 'exported');
    await must(world, 'run', '--name', CONTAINER, images[2] ?? '', 'sh', '-c', 'echo new > /new; rm -r /data');
    const next = generator(seed);
    // The first numbers of a small seed are small ones.
    for (let round = 0; round < 10; round += 1) next();
    return {
      world,
      images,
      multi,
      whole,
      archives: [archive],
      rootfs,
      random: (below) => Math.floor(next() * below),
      tally: { killed: 0, ended: 0 },
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function layer(place: string, fill: (directory: string) => void): Layer {
  const directory = mkdtempSync(join(place, 'layer-'));
  fill(directory);
  return packTree(directory);
}

function writeFiles(directory: string): void {
  mkdirSync(join(directory, 'data'));
  for (let file = 0; file < LAYER_FILES; file += 1) {
    writeFileSync(join(directory, 'data', randomBytes(6).toString('hex')), randomBytes(LAYER_FILE_BYTES));
  }
}

async function must(world: CliWorld, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await world.sampan(...args);
  if (status !== 0) throw new Error(`sampan ${args.join(' ')}: ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** One round; gives what is wrong after it, with what was done. */
export async function campaignRound(material: Material, round: number): Promise<string[]> {
  const { world, random, tally } = material;
  const names = Object.keys(OPERATIONS);
  const chosen = Array.from({ length: 2 + random(2) }, () => names[random(names.length)] ?? '');
  const operations = chosen.map((name) => OPERATIONS[name]).filter((one): one is Operation => one !== undefined);
  for (const { prepare } of operations) prepare?.(material);
  const delay = START_MS + random(operations[0]?.span ?? 1);
  const children = operations.map(({ args }) => world.spawn(args(material)));
  await sleep(delay);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ exited }) => exited));
  for (const { signalCode } of children) tally[signalCode === 'SIGKILL' ? 'killed' : 'ended'] += 1;
  await sleep(GRACE_MS);
  const told = `round ${round}: ${chosen.join(' + ')} killed after ${delay} ms`;
  try {
    await follow(material, operations);
    const wrong = await checkAtRest(world.root);
    if (wrong.length === 0 && round % WHOLE_EVERY === 0) await wholeCheck(material);
    return wrong.map((one) => `${told}: ${one}`);
  } catch (error) {
    return [`${told}: ${String(error)}`];
  }
}

/** A container that was started before the kill may just be ending; what its monitor calls then is at work by itself. */
async function checkAtRest(root: string): Promise<string[]> {
  let wrong = checkStore(root);
  for (let tries = 0; wrong.length > 0 && tries < REST_TRIES; tries += 1) {
    await sleep(REST_MS);
    wrong = checkStore(root);
  }
  return wrong;
}

/** The next command, and what damage needs before it. */
async function follow(
  { world, images, multi, rootfs, random }: Material,
  operations: readonly Operation[],
): Promise<void> {
  for (const { next } of operations) if (next !== undefined) await must(world, ...next);
  const anything = [
    ['pull', '-q', images[random(images.length)] ?? ''],
    ['import', rootfs, 'imported:next'],
    ['image', 'prune', '-f'],
    ['system', 'gc'],
    ['load', '-q', '-i', join(world.root, 'two.tar')],
    ['pull', '-q', '--all-platforms', multi],
  ];
  await must(world, ...(anything[random(anything.length)] ?? []));
}

/** Every image runs, and every tree is what its blob gives. */
async function wholeCheck({ world }: Material): Promise<void> {
  const ids = (await must(world, 'images', '-q', '--no-trunc')).split('\n').filter(Boolean);
  for (const id of ids) await must(world, 'run', '--rm', id, 'true');
  await must(world, 'image', 'verify', '-q');
}
