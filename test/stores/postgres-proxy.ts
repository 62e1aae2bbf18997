import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * What happens to the next commit that goes through: `lost`: the connection breaks before the server hears of it;
 * `unanswered`: the server commits, and the connection breaks before its answer.
 */
type Fault = 'lost' | 'unanswered'

/** A network between a program and a Postgres server, that breaks when it is told to. */
export class PostgresProxy {
  readonly url: string
  /** How the next commit fails. */
  fault: Fault | undefined
  /** Whether the server is out of reach from the next fault on. */
  isDownAfterwards = false
  #isDown = false

  private constructor(url: string) {
    this.url = url
  }

  static async before(server: string): Promise<PostgresProxy> {
    const sockets = new Set<Socket>()
    const { hostname, port } = new URL(server)
    const listener = createServer((near) => {
      if (proxy.#isDown) near.destroy()
      else proxy.#carry(near, connect(Number(port), hostname))
      sockets.add(near)
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const url = new URL(server)
    url.port = String((listener.address() as AddressInfo).port)
    const proxy = new PostgresProxy(url.href)
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      listener.close()
    })
    return proxy
  }

  #carry(near: Socket, far: Socket): void {
    let isMute = false
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    far.on('data', (data) => {
      if (!isMute) near.write(data)
    })
    near.on('data', (data) => {
      const { fault } = this
      if (fault === undefined || !data.includes('COMMIT\0')) {
        far.write(data)
        return
      }
      this.fault = undefined
      this.#isDown = this.isDownAfterwards
      if (fault === 'lost') {
        end()
        return
      }
      isMute = true
      far.write(data)
      // The server answers once it has committed; that answer is the one that gets lost.
      far.once('data', () => setTimeout(end, 20))
    })
  }
}
