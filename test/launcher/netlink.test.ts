import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { parseAddress, parsePrefix } from '#base/ip.ts';
import { addAddress, addRoute } from '#kernel/netlink/addresses.ts';
import {
  addBridge,
  addIpvlan,
  addMacvlan,
  addVeth,
  deleteLink,
  setBridgePort,
  setLink,
} from '#kernel/netlink/links.ts';
import { netlinkStep, type NetlinkRequest } from '#kernel/netlink/message.ts';
import { CLONE, OPEN } from '#kernel/linux.ts';
import { BUILDS, Scene, alone, failure } from './harness.ts';

/** A network namespace of its own, held by a process that sleeps. */
async function namespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', 'sleep', '300'], { stdio: 'ignore' });
  const own = readlinkSync('/proc/self/ns/net');
  const its = (): string => {
    try {
      return readlinkSync(`/proc/${child.pid}/ns/net`);
    } catch {
      return own;
    }
  };
  while (its() === own) await Bun.sleep(5);
  return child;
}

const ip = (at: ChildProcess, ...args: string[]): Record<string, unknown>[] =>
  JSON.parse(
    execFileSync('nsenter', ['-t', String(at.pid), '-n', 'ip', '-json', ...args], { encoding: 'utf8' }) || '[]',
  ) as Record<string, unknown>[];

const mac = (text: string): Uint8Array => Uint8Array.from(text.split(':').map((part) => Number.parseInt(part, 16)));

describe.each(BUILDS)('%s', (binary) => {
  let host: ChildProcess;
  let inside: ChildProcess;
  beforeAll(async () => {
    [host, inside] = await Promise.all([namespace(), namespace()]);
  });
  afterAll(() => {
    host.kill('SIGKILL');
    inside.kill('SIGKILL');
  });

  const send = (scene: Scene, requests: readonly NetlinkRequest[], target = true) =>
    scene.run(
      alone(
        { op: 'open', path: `/proc/${inside.pid}/ns/net`, flags: OPEN.readOnly, out: 'inside' },
        { op: 'open', path: `/proc/${host.pid}/ns/net`, flags: OPEN.readOnly, out: 'host' },
        { op: 'setns', slot: 'host', flags: CLONE.newnet },
        netlinkStep(requests, target ? 'inside' : undefined),
      ),
    );

  test('a bridge, a port of it whose other end is in another namespace, addresses and routes', async () => {
    using scene = new Scene(binary);
    const gateway = parseAddress('10.7.0.1', 'x');
    const everywhere = { ...parsePrefix('0.0.0.0/0', 'x').prefix };
    const out = await send(scene, [
      addBridge({ name: 'br9', index: 777, mtu: 1400, mac: mac('02:00:00:00:00:09'), up: true }),
      addAddress('here', 777, gateway, 24),
      addAddress('here', 777, parseAddress('fd00:7::1', 'x'), 64),
      addVeth(
        // Not the number that the kernel would give it.
        { name: 'eth0', index: 4, mtu: 1400, mac: mac('02:00:0a:07:00:02') },
        { name: 'port9', mtu: 1400 },
      ),
      setLink('here', { name: 'port9' }, { master: 777, up: true }),
      setLink('target', { index: 4 }, { up: true }),
      setBridgePort('port9', { hairpin: true, isolated: true }),
      setLink('target', { name: 'lo' }, { up: true }),
      addAddress('target', 4, parseAddress('10.7.0.2', 'x'), 24),
      addAddress('target', 4, parseAddress('fd00:7::2', 'x'), 64),
      addRoute('target', { destination: everywhere, gateway, device: 4, metric: 5 }),
      addRoute('target', { destination: parsePrefix('10.9.1.0/24', 'x').prefix, device: 4 }),
    ]);
    expect({ code: out.code, failure: failure(out) }).toEqual({ code: 0, failure: undefined });

    const [bridge] = ip(host, '-d', 'link', 'show', 'br9');
    expect(bridge).toMatchObject({ ifindex: 777, mtu: 1400, address: '02:00:00:00:00:09' });
    expect(bridge?.['linkinfo']).toMatchObject({ info_kind: 'bridge', info_data: { stp_state: 0, forward_delay: 0 } });
    const [port] = ip(host, '-d', 'link', 'show', 'port9');
    expect(port).toMatchObject({ master: 'br9', operstate: 'UP', linkinfo: { info_kind: 'veth' } });
    expect(port?.['linkinfo']).toMatchObject({ info_slave_data: { hairpin: true, isolated: true } });
    expect(addresses(ip(host, 'addr', 'show', 'br9'))).toEqual(['10.7.0.1/24 10.7.0.255', 'fd00:7::1/64 ']);

    const [eth0] = ip(inside, 'addr', 'show', 'eth0');
    expect(eth0).toMatchObject({ ifindex: 4, address: '02:00:0a:07:00:02', mtu: 1400, operstate: 'UP' });
    expect(addresses([eth0 ?? {}])).toEqual(['10.7.0.2/24 10.7.0.255', 'fd00:7::2/64 ']);
    const routes = ip(inside, 'route');
    expect(routes[0]).toMatchObject({ dst: 'default', gateway: '10.7.0.1', dev: 'eth0', metric: 5 });
    expect(routes).toContainEqual(expect.objectContaining({ dst: '10.9.1.0/24', dev: 'eth0', scope: 'link' }));
    execFileSync('nsenter', ['-t', String(inside.pid), '-n', 'busybox', 'ping', '-c1', '-W5', '10.7.0.1'], {
      stdio: 'ignore',
    });
  });

  test('devices on top of a device, and their end', async () => {
    using scene = new Scene(binary);
    const parent = { name: 'below', index: 900, up: true };
    const made = await send(scene, [
      addBridge(parent),
      addMacvlan({ name: 'mac0', index: 5, up: true }, 900, 'bridge'),
      addMacvlan({ name: 'mac1', index: 6, up: true }, 900, 'private'),
    ]);
    expect(failure(made)).toBeUndefined();
    const modes = ip(inside, '-d', 'link', 'show', 'type', 'macvlan').map(({ linkinfo }) => linkinfo);
    expect(modes.map((info) => (info as { info_data: { mode: string } }).info_data.mode)).toEqual([
      'bridge',
      'private',
    ]);
    expect(failure(await send(scene, [deleteLink('below'), deleteLink('below')], false))).toBeUndefined();
    expect(ip(inside, 'link', 'show', 'type', 'macvlan')).toEqual([]);
    const over = await send(scene, [
      addBridge(parent),
      addIpvlan({ name: 'ipv0', index: 7, up: true }, 900, 'l3'),
      deleteLink('below'),
    ]);
    await send(scene, [deleteLink('below')], false);
    // This machine's kernel may have been built without.
    if (failure(over)?.name !== 'ENOTSUP') expect(failure(over)).toBeUndefined();
  });

  test('what is refused is named, and nothing behind it is sent', async () => {
    using scene = new Scene(binary);
    const twice = addBridge({ name: 'twice' });
    const out = await send(scene, [twice, twice, addBridge({ name: 'never' })], false);
    expect(failure(out)).toMatchObject({ name: 'EEXIST', path: 'make bridge twice' });
    expect(failure(await send(scene, [{ ...twice, fine: 17 }], false))).toBeUndefined();
    expect(ip(host, 'link', 'show', 'type', 'bridge').map(({ ifname }) => ifname)).not.toContain('never');
    const nowhere = await send(scene, [addAddress('target', 99, parseAddress('10.1.1.1', 'x'), 24)]);
    expect(failure(nowhere)).toMatchObject({ name: 'ENODEV', path: 'add address 10.1.1.1/24' });
    await send(scene, [deleteLink('twice')], false);
  });

  test.each([
    ['no whole head', new Uint8Array(15), ['x']],
    ['a length past the end', Uint8Array.from([64, ...new Uint8Array(19)]), ['x']],
    ['a length of nothing', new Uint8Array(20), ['x']],
    ['no name', Uint8Array.from([20, ...new Uint8Array(19)]), []],
    ['another side', Uint8Array.from([20, 0, 0, 0, 16, 0, 1, 0, 9, ...new Uint8Array(11)]), ['x']],
  ] as const)('bytes that are no messages are refused: %s', async (_, requests, names) => {
    using scene = new Scene(binary);
    const out = await scene.run(alone({ op: 'unshare', flags: CLONE.newnet }, { op: 'netlink', requests, names }));
    expect(failure(out)?.name).toBe('EINVAL');
  });

  test('a place for the descriptor that lies across the end is refused', async () => {
    using scene = new Scene(binary);
    const { requests, names } = netlinkStep([addBridge({ name: 'x' })]);
    const step = { op: 'netlink', requests, names, namespaceAt: [requests.length - 2] } as const;
    const out = await scene.run(alone({ op: 'unshare', flags: CLONE.newnet }, step));
    expect(failure(out)?.name).toBe('EINVAL');
  });
});

/** Those that were given, with what they are broadcast to. */
function addresses(devices: Record<string, unknown>[]): string[] {
  interface Given {
    local: string;
    prefixlen: number;
    broadcast?: string;
    scope: string;
  }
  return devices
    .flatMap((device) => (device['addr_info'] ?? []) as Given[])
    .filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen, broadcast = '' }) => `${local}/${prefixlen} ${broadcast}`);
}
