import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { type ProviderAnswer, providerApis, type ProviderCall } from './provider-answers.ts'

export type { ProviderAnswer, ProviderCall } from './provider-answers.ts'

/** What a script says to the calls that it gets, one after the other. */
export type ProviderScript = (call: ProviderCall) => ProviderAnswer | Promise<ProviderAnswer>

export interface ProviderServer extends AsyncDisposable {
  /** Its address without a path: what the SDKs of Anthropic, Google and ElevenLabs take. */
  readonly url: string
  /** Base addresses of the providers, for the environment of a process that calls them. */
  readonly environment: Readonly<Record<string, string>>
  /** Every call it got, in order, those cut off by the caller included. */
  readonly calls: readonly ProviderCall[]
  close(): Promise<void>
}

/** A server that speaks the protocols of the providers and answers what the script says. */
export async function startProviderServer(script: ProviderScript): Promise<ProviderServer> {
  const calls: ProviderCall[] = []
  const server = createServer((request, response) => void answer(request, response, script, calls))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    url,
    environment: {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: 'test',
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: 'test',
      GOOGLE_GEMINI_BASE_URL: url,
      GEMINI_API_KEY: 'test',
      ELEVENLABS_BASE_URL: url,
      ELEVENLABS_API_KEY: 'test',
    },
    calls,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, script: ProviderScript, calls: ProviderCall[]): Promise<void> {
  try {
    const [path = '/'] = (request.url ?? '/').split('?')
    const found = providerApis.flatMap((each) => {
      const match = each.path.exec(path)
      return match === null ? [] : [{ ...each, named: match.groups?.['model'] }]
    })[0]
    if (found === undefined) return send(response, 404, { error: { message: `Nothing answers at ${path}.`, type: 'not_found' } })
    const body = await readBody(request)
    const model = found.named ?? textOf(body['model'] ?? body['model_id'])
    const call: ProviderCall = { api: found.api, model, body, number: calls.length + 1, id: randomUUID(), path }
    calls.push(call)
    const said = await script(call)
    if (said.holdMs !== undefined && !(await isStillThere(response, said.holdMs))) return
    if (said.status !== undefined) return send(response, said.status, { error: { message: said.message ?? 'Refused.', type: 'refused' } })
    const { headers, content } = found.respond(call, said)
    send(response, 200, content, headers)
  } catch (error) {
    // A script that fails fails the call, so that the test sees it in the output of the example.
    send(response, 400, { error: { message: error instanceof Error ? error.message : String(error), type: 'script' } })
  }
}

function send(response: ServerResponse, status: number, content: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const isBinary = content instanceof Uint8Array
  response.writeHead(status, { 'content-type': isBinary ? 'audio/mpeg' : 'application/json', ...headers })
  response.end(isBinary ? content : JSON.stringify(content))
}

/** Waits so long; false once the caller has gone. */
function isStillThere(response: ServerResponse, holdMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), holdMs)
    response.once('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}

/** JSON as it is; of a form its text fields, and the size of its files. */
async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
  return Object.fromEntries(
    [...form].map(([key, value]) => [key, typeof value === 'string' ? value : { bytes: value.size, name: value.name }]),
  )
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('The call names no model.')
  return value
}
