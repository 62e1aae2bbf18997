import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What happens to the next commit that goes through: `lost`: the connection breaks before the server hears of it;
 * `unanswered`: the server commits, and the connection breaks before its answer.
 */
type Fault = 'lost' | 'unanswered'

/** How long an answer is waited for that is to get lost, in milliseconds. */
const longestAnswerMs = 5000

/** A network between a program and a Postgres server, that breaks when it is told to. */
export class PostgresProxy {
  readonly url: string
  /** How the next commit fails. */
  fault: Fault | undefined
  /** Whether the server is out of reach from the next fault on. */
  isDownAfterwards = false
  /** Whether the server takes no further connection from the next fault on, and says so. */
  isFullAfterwards = false
  #state: 'up' | 'down' | 'full' = 'up'
  readonly #listener: Server
  readonly #sockets: Set<Socket>

  private constructor(url: string, listener: Server, sockets: Set<Socket>) {
    this.url = url
    this.#listener = listener
    this.#sockets = sockets
  }

  /** A network until `close`. */
  static async open(server: string): Promise<PostgresProxy> {
    const sockets = new Set<Socket>()
    const { hostname, port } = new URL(server)
    const listener = createServer((near) => {
      sockets.add(near)
      near.once('close', () => sockets.delete(near))
      proxy.#accept(near, () => connect(Number(port), hostname))
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const url = new URL(server)
    url.port = String((listener.address() as AddressInfo).port)
    const proxy = new PostgresProxy(url.href, listener, sockets)
    return proxy
  }

  /** All is well again. */
  restore(): void {
    this.fault = undefined
    this.isDownAfterwards = false
    this.isFullAfterwards = false
    this.#state = 'up'
  }

  /** Breaks every connection, as where the program is killed. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.#listener.close()
  }

  #accept(near: Socket, reach: () => Socket): void {
    if (this.#state === 'up') this.#carry(near, reach())
    else if (this.#state === 'down') near.destroy()
    else {
      near.on('error', () => near.destroy())
      near.once('data', () => near.end(tooManyClients))
    }
  }

  #carry(near: Socket, far: Socket): void {
    let isMute = false
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.setNoDelay().on('error', end).on('close', end)
    far.on('data', (data) => {
      if (!isMute) near.write(data)
      // The server has committed; its answer is the one that gets lost.
      else if (data.includes('COMMIT\0')) end()
    })
    near.on('data', (data) => {
      const { fault } = this
      if (fault === undefined || !data.includes('COMMIT\0')) {
        far.write(data)
        return
      }
      this.fault = undefined
      if (this.isDownAfterwards) this.#state = 'down'
      if (this.isFullAfterwards) this.#state = 'full'
      if (fault === 'lost') {
        end()
        return
      }
      isMute = true
      setTimeout(end, longestAnswerMs).unref()
      far.write(data)
    })
  }
}

/** What a server says that takes no further connection (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const tooManyClients = errorResponse({ S: 'FATAL', V: 'FATAL', C: '53300', M: 'sorry, too many clients already' })

function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([type, value]) => `${type}${value}\0`)
      .join('')}\0`,
  )
  const head = Buffer.from('E\0\0\0\0')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
