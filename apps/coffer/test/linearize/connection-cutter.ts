import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy on the loopback interface in front of one port, whose connections can be cut or made to hang. */
export class ConnectionCutter {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isDeaf = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<ConnectionCutter> {
    const server = createServer();
    const cutter = new ConnectionCutter(server);
    server.on('connection', (near) => cutter.#join(near, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return cutter;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection: requests and answers under way are lost, or are not; nobody can tell. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** While deaf, requests reach the gateway and no answer comes back. */
  setDeaf(isDeaf: boolean): void {
    this.#isDeaf = isDeaf;
    // What was swallowed is lost, and half an answer with it.
    if (!isDeaf) this.cut();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (!this.#isDeaf) near.write(bytes);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined);
      one.on('end', () => other.end());
      one.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
