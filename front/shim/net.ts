/** As much of node:net as the connection to a monitor uses: a stream socket by path. */
import { Buffer } from './buffer.ts';
import { host } from './host.ts';
import { watch } from './loop.ts';

const CHUNK = 65536;
type Listener = (...values: never[]) => void;

export class Socket {
  #fd = -1;
  #listeners = new Map<string, Listener[]>();
  #unsent: Uint8Array[] = [];
  #ended: (() => void) | undefined;

  constructor(path: string) {
    try {
      this.#fd = host.connect(path);
      this.#later('connect');
      this.resume();
    } catch (error) {
      this.#later('error', error);
    }
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event: string, listener: Listener): this {
    const once: Listener = (...values) => {
      this.#listeners.set(
        event,
        (this.#listeners.get(event) ?? []).filter((other) => other !== once),
      );
      listener(...values);
    };
    return this.on(event, once);
  }

  /** False when the other side takes no more for now; `drain` follows. */
  write(data: Uint8Array): boolean {
    if (this.#fd < 0) return false;
    this.#unsent.push(data);
    this.#flush();
    return this.#unsent.length === 0;
  }

  end(done?: () => void): void {
    this.#ended = () => {
      this.destroy();
      done?.();
    };
    if (this.#unsent.length === 0) this.#ended();
  }

  pause(): void {
    watch(this.#fd, 'read', undefined);
  }

  resume(): void {
    if (this.#fd >= 0) watch(this.#fd, 'read', () => this.#receive());
  }

  destroy(): void {
    if (this.#fd < 0) return;
    watch(this.#fd, 'read', undefined);
    watch(this.#fd, 'write', undefined);
    host.close(this.#fd);
    this.#fd = -1;
    this.#later('close');
  }

  #receive(): void {
    const buffer = Buffer.alloc(CHUNK);
    let size = 0;
    try {
      size = host.read(this.#fd, buffer.buffer, 0, CHUNK);
    } catch (error) {
      this.#emit('error', error);
    }
    if (size === 0) this.destroy();
    else this.#emit('data', buffer.subarray(0, size));
  }

  #flush(): void {
    try {
      for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
        const sent = host.send(this.#fd, first.buffer, first.byteOffset, first.length);
        if (sent < first.length) {
          this.#unsent[0] = first.subarray(sent);
          watch(this.#fd, 'write', () => this.#flush());
          return;
        }
        this.#unsent.shift();
      }
    } catch (error) {
      this.#emit('error', error);
      this.destroy();
      return;
    }
    watch(this.#fd, 'write', undefined);
    this.#emit('drain');
    this.#ended?.();
  }

  #later(event: string, ...values: unknown[]): void {
    void Promise.resolve().then(() => this.#emit(event, ...values));
  }

  #emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(values as never[]));
  }
}

export const connect = (path: string): Socket => new Socket(path);
