import { isLoopback } from '../config/server-settings.ts'
import type { AddressInfo } from 'node:net'
import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import { buildServer, type ServerOptions } from './build-server.ts'
import type { Server } from './server-context.ts'

export interface ListenOptions extends ServerOptions {
  readonly host: string
  readonly port: number
}

/** A server that listens. */
export interface Serving {
  readonly url: string
  /** Lets requests that are under way end, and takes no new ones. The ledger stays open. */
  readonly close: () => Promise<void>
}

/**
 * Serves a ledger. On another address than that of this machine only where keys are asked for.
 * @throws PURSER_BAD_ARGUMENT where an address is refused, or taken
 */
export async function serve(purser: Purser, { host, port, ...options }: ListenOptions): Promise<Serving> {
  if (!isLoopback(host) && !(await purser.access.keys.isAny())) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `Others can reach ${host}, and the ledger has no keys, so anybody could see and spend. Make one first: \`purser keys create --name admin --role admin\`.`,
    )
  }
  const app = await buildServer(purser, { ...options, asksForKeys: options.asksForKeys ?? !isLoopback(host) })
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    throw listenError(error, host, port)
  }
  const { address, family, port: taken } = app.server.address() as AddressInfo
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`, close: () => closeSoon(app) }
}

/** Connections that are kept alive are ended as soon as they are idle, and not when their time is over. */
async function closeSoon(app: Server): Promise<void> {
  const ending = setInterval(() => app.server.closeIdleConnections(), 50)
  try {
    await app.close()
  } finally {
    clearInterval(ending)
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as { code?: string }).code
  const why = {
    EADDRINUSE: 'it is taken by another program',
    EACCES: 'this user may not',
    EADDRNOTAVAIL: 'this machine has no such address',
  }[code ?? '']
  if (why === undefined) return error
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `The server cannot listen on ${host}:${port}: ${why}. Choose another with --host and --port.`,
    { cause: error },
  )
}
