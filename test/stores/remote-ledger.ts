import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { onTestFinished } from 'vitest'
import { owner } from '../../src/access/principal.ts'
import { sendProblem } from '../../src/server/problem.ts'
import { operationRoutes } from '../../src/server/routes/ledger.ts'
import type { Server } from '../../src/server/server-context.ts'
import { LedgerServer } from '../../src/stores/remote/ledger-server.ts'
import { RemoteStore } from '../../src/stores/remote/remote-store.ts'
import type { Store } from '../../src/stores/store.ts'

/** A store as a program has it that reaches it through the routes of a server, over a real connection. */
export async function remoteOf(store: Store): Promise<Store> {
  const app: Server = Fastify({ bodyLimit: 64 * 1024 * 1024, forceCloseConnections: true }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(sendProblem)
  app.decorateRequest('principal', null as never)
  app.addHook('onRequest', async (request) => void (request.principal = owner))
  await app.register(async (api) => operationRoutes(api, () => ({ store, seedAll: async () => undefined })), { prefix: '/api/v1' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const { timezone, subjects, isReadOnly, warnings } = store
  const server = new LedgerServer({ url: `http://127.0.0.1:${port}`, timeoutMs: 30_000 })
  return new RemoteStore(server, { location: store.location, timezone, subjects: [...subjects], isReadOnly, warnings, labels: {} })
}
