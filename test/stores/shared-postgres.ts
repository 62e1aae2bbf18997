import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { PostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test file asks for the URL of the server that all of them share. */
    readonly postgresDoor: string
  }
}

/**
 * One Postgres server for all test files. It starts when the first of them asks for it, so that a run without such tests
 * does without, in this process, so that it ends with the run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<PostgresServer> | undefined
  const door = createServer((_, response) => {
    starting ??= PostgresServer.create()
    starting.then(
      (server) => response.end(server.url()),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  project.provide('postgresDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}`)
  return async () => {
    door.close()
    const server = await starting?.catch(() => undefined)
    await server?.remove()
  }
}
