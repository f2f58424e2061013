import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUN, TREE } from '#tools/places.ts';
import { removeAll } from './asking.ts';
import { networkWorld, type NetworkWorld } from './world.ts';

let world: NetworkWorld;
let outside: ChildProcess;
beforeAll(async () => {
  world = await networkWorld();
  execFileSync('musl-gcc', ['-static', '-o', join(world.cli.root, 'lookup'), join(TREE, 'test/network/lookup.c')]);
  // The resolver of the machine that tests run on is one of the client here.
  const upstream = /^nameserver\s+(\d+\.\d+\.\d+\.\d+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '';
  if (!upstream.startsWith('127.')) world.client.run(['ip', 'addr', 'add', `${upstream}/32`, 'dev', 'lo']);
  const script = join(TREE, 'test/network/outside-resolver.ts');
  outside = spawn('nsenter', ['-t', String(world.client.pid), '-n', BUN, script, upstream], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((done) => outside.stdout?.once('data', done));
});
afterAll(async () => {
  outside.kill('SIGKILL');
  await world[Symbol.asyncDispose]();
});
afterEach(() => removeAll(world));

/** This machine's programs and C library inside a container. */
const GLIBC = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
const lookup = (network: string, ...names: string[]): string[] =>
  world
    .fine(
      'run',
      '--rm',
      '--network',
      network,
      '-v',
      `${world.cli.root}/lookup:/lookup:ro`,
      world.image,
      'sh',
      '-c',
      `${names.map((name) => `/lookup ${name}`).join(';')}; true`,
    )
    .split('\n');
const sleeper = (...options: string[]): string => world.fine('run', '-d', ...options, world.image, 'sleep', '600');

describe('names in a network', () => {
  test('are found by name, alias and id, with both kinds of addresses, by musl and by glibc, from the first moment', () => {
    world.fine('network', 'create', '--subnet', '10.7.0.0/24', '--subnet', 'fd00:7::/64', 'back');
    const id = sleeper('--name', 'web', '--network', 'back:alias=www', '--network-alias', 'shop');
    const both = '10.7.0.2 fd00:7::2';
    expect(lookup('back', 'web', 'www', 'SHOP', id.slice(0, 12))).toEqual([both, both, both, both]);
    const said = world.fine(
      'run',
      '--rm',
      '--name',
      'self',
      '--network',
      'back',
      ...GLIBC,
      world.image,
      '/usr/bin/getent',
      'ahosts',
      'self',
    );
    expect(said).toMatch(/^fd00:7::3\s+STREAM/);
    const reverse = world.fine(
      'run',
      '--rm',
      '--network',
      'back',
      ...GLIBC,
      world.image,
      '/usr/bin/getent',
      'hosts',
      '10.7.0.2',
      'fd00:7::2',
    );
    expect(reverse.split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['10.7.0.2', 'web'],
      ['fd00:7::2', 'web'],
    ]);
  });

  test('follow stops, starts, new names and removal', () => {
    sleeper('--name', 'web', '--network', 'back');
    world.fine('rename', 'web', 'shop');
    const gone = lookup('back', 'web', 'shop');
    expect(gone[1]).toBe('10.7.0.2 fd00:7::2');
    expect(gone[0]).toBe('203.0.113.7'); // what nobody here is called is asked outside
    world.fine('kill', 'shop');
    world.fine('wait', 'shop');
    expect(lookup('back', 'shop')).toEqual(['203.0.113.7']);
    world.fine('start', 'shop');
    expect(lookup('back', 'shop')).toEqual(['10.7.0.2 fd00:7::2']);
  });

  test('stay within the network; who is in two hears both', () => {
    world.fine('network', 'create', '--subnet', '10.8.0.0/24', 'front');
    world.fine('network', 'create', '--internal', '--subnet', '10.9.0.0/24', 'closed');
    sleeper('--name', 'web', '--network', 'back');
    sleeper('--name', 'db', '--network', 'front');
    expect(lookup('front', 'web', 'db')).toEqual(['203.0.113.7', '10.8.0.2']);
    expect(lookup('back', 'db')).toEqual(['203.0.113.7']);
    const two = ['--network', 'front', '--network', 'back', '-v', `${world.cli.root}/lookup:/lookup:ro`];
    expect(world.fine('run', '--rm', ...two, world.image, 'sh', '-c', '/lookup web; /lookup db').split('\n')).toEqual([
      '10.7.0.2 fd00:7::2',
      '10.8.0.2',
    ]);
    // Nobody is answered by the resolver of a network that he is not in.
    const port = /redirect to :(\d+)/.exec(world.host.run(['nft', 'list', 'ruleset']))?.[1] ?? '';
    const foreign = `import socket, struct\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)\ns.sendto(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\\7example\\3com\\0" + struct.pack(">HH", 1, 1), ("10.7.0.1", ${port}))\nprint(s.recv(600)[3] & 15)`;
    const refusal = world.fine(
      'run',
      '--rm',
      '--network',
      'front',
      ...GLIBC,
      world.image,
      '/usr/bin/python3',
      '-c',
      foreign,
    );
    expect(refusal).toBe('5');
    // Without a way out nothing is asked outside either.
    const [refused = ''] = lookup('closed', 'web');
    expect(refused).not.toContain('.113.');
    expect(world.fine('run', '--rm', '--network', 'bridge', world.image, 'cat', '/etc/resolv.conf')).not.toContain(
      '10.88.',
    );
  });

  test('come and go with networks that a running container is put into and taken out of', () => {
    sleeper('--name', 'web', '--network', 'back');
    sleeper('--name', 'db', '--network', 'front');
    world.fine('network', 'connect', '--alias', 'store', '--ip', '10.7.0.77', 'back', 'db');
    expect(lookup('back', 'db', 'store')).toEqual(['10.7.0.77 fd00:7::3', '10.7.0.77 fd00:7::3']);
    const inside = world.fine(
      'exec',
      'db',
      'sh',
      '-c',
      'ip -4 addr show eth1; ip route; grep 10.7 /etc/hosts; ping -c1 -W2 10.7.0.2',
    );
    expect(inside).toContain('inet 10.7.0.77/24');
    expect(inside).toMatch(/^default via 10\.8\.0\.1 dev eth0/m);
    expect(inside).toContain('1 packets received');
    const again = world.sampan('network', 'connect', 'back', 'db');
    expect(again.stderr).toContain('already');
    expect(world.sampan('network', 'connect', '--ip', '10.8.0.250', 'back', 'web').status).not.toBe(0);
    world.fine('network', 'disconnect', 'back', 'db');
    expect(lookup('back', 'db')).toEqual(['203.0.113.7']);
    expect(world.fine('exec', 'db', 'ip', 'link')).not.toContain('eth1');
    expect(world.sampan('network', 'disconnect', 'back', 'db').stderr).toContain('not in that network');
    world.fine('run', '-d', '--name', 'alone', '--network', 'none', world.image, 'sleep', '60');
    expect(world.sampan('network', 'connect', 'back', 'alone').stderr).toContain('goes with no other');
    // Also one that does not run.
    world.fine('create', '--name', 'later', '--network', 'front', world.image, 'ip', '-4', 'addr', 'show', 'eth1');
    world.fine('network', 'connect', 'back', 'later');
    expect(world.fine('start', '-a', 'later')).toContain('inet 10.7.0.');
  });

  test('connect and disconnect killed at any moment are done in full or not at all by the next command', async () => {
    sleeper('--name', 'moved', '--network', 'front', '--restart', 'always');
    const inside = (): string[] => world.fine('exec', 'moved', 'ls', '/sys/class/net').split('\n').sort();
    const recorded = (): string[] =>
      Object.keys(
        JSON.parse(world.fine('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'moved')) as object,
      ).sort();
    let outcomes = 0;
    for (let round = 0; round < 16; round++) {
      const verb = recorded().includes('back') ? 'disconnect' : 'connect';
      const command = world.command('network', verb, 'back', 'moved');
      const child = Bun.spawn(['nsenter', '-t', String(world.host.pid), '-n', ...command], {
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      await Bun.sleep(8 + round * 5);
      child.kill('SIGKILL');
      await child.exited;
      world.fine('ps');
      const both = recorded().includes('back');
      outcomes |= both ? 1 : 2;
      expect([round, ...inside()]).toEqual([round, ...(both ? ['eth0', 'eth1', 'lo'] : ['eth0', 'lo'])]);
      expect(lookup('back', 'moved')[0]?.startsWith('10.7.')).toBe(both);
    }
    expect(outcomes).toBe(3);
    // Its restarts have what it has.
    const before = inside();
    world.fine('kill', '-s', 'KILL', 'moved');
    world.fine('start', 'moved');
    expect(inside()).toEqual(before);
  });

  test('the resolver has no rights, ends when nobody is left, and comes back after a kill', async () => {
    sleeper('--name', 'web', '--network', 'back');
    const processes = (): number[] =>
      execFileSync('pgrep', ['-f', `network-resolver ${world.cli.root}`], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map(Number);
    const [, worker = 0] = processes();
    const status = readFileSync(`/proc/${worker}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    process.kill(worker, 'SIGKILL');
    for (let i = 0; i < 100 && processes().length < 2; i++) await Bun.sleep(50);
    await Bun.sleep(100);
    expect(lookup('back', 'web')).toEqual(['10.7.0.2 fd00:7::2']);
    for (const pid of processes()) process.kill(pid, 'SIGKILL');
    expect(lookup('back', 'web')).toEqual(['10.7.0.2 fd00:7::2']);
    world.fine('rm', '-f', 'web');
    const living = (): boolean => {
      try {
        return processes().length > 0;
      } catch {
        return false;
      }
    };
    for (let i = 0; i < 100 && living(); i++) await Bun.sleep(50);
    expect(living()).toBe(false);
  });

  test('nonsense is answered or dropped, and harms nobody', () => {
    sleeper('--name', 'web', '--network', 'back');
    const program = `
      import os, socket, struct
      at = ("10.7.0.1", 53)
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
      q = lambda name: struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
      for i in range(3000): s.sendto(os.urandom(i % 600), at)
      for bad in (q(b"\\xc0\\x0c"), q(b"\\x3f" + b"a" * 70), q((b"\\x3f" + b"a" * 63) * 5 + b"\\0"), q(b"\\3web"), q(b"\\0")): s.sendto(bad, at)
      for i in range(40):
          t = socket.create_connection(at, 3); t.send(b"\\xff\\xff" + os.urandom(9)); t.close()
      while True:
          s.sendto(q(b"\\3web\\0"), at)
          try:
              a = s.recv(600)
              while a[:2] != b"\\0\\7" or a[-4:] != bytes((10, 7, 0, 2)): a = s.recv(600)
              break
          except socket.timeout: pass
      t = socket.create_connection(at, 3); m = q(b"\\7example\\3com\\0"); t.send(struct.pack(">H", len(m)) + m)
      d = b""
      while len(d) < 2 or len(d) < 2 + int.from_bytes(d[:2], "big"): d += t.recv(600)
      print(a[-4:].hex(), d[-4:].hex())
    `;
    const said = world.fine(
      'run',
      '--rm',
      '--network',
      'back',
      ...GLIBC,
      world.image,
      '/usr/bin/python3',
      '-c',
      program.replaceAll(/^ {6}/gm, ''),
    );
    expect(said).toBe('0a070002 cb007107');
  });
});
