import type { FastifyRequest } from 'fastify'
import type { LogLevel } from '../config/server-settings.ts'
import type { ServerOptions } from '../server/build-server.ts'
import { printableLines } from '../text/display-width.ts'

/** Headers that open something; none is logged by the serializers below, and these stay out should one ever be. */
const secrets = ['authorization', 'cookie', '"set-cookie"', '"proxy-authorization"', '"x-api-key"']

/**
 * The log of a server by Fastify's pino, on standard error: lines for people, or with `json` pino's own. Bodies, headers and the query of a URL, in which people
 * send keys by mistake, are in neither.
 */
export function createServerLog(level: LogLevel, json: boolean): NonNullable<ServerOptions['logger']> {
  return {
    level,
    stream: { write: (line) => void process.stderr.write(json ? line : textOf(line)) },
    serializers: { req: requestFields, res: replyFields },
    redact: {
      paths: secrets.flatMap((name) => {
        const field = name.startsWith('"') ? `[${name}]` : `.${name}`
        return [`headers${field}`, `*.headers${field}`, `*.*.headers${field}`]
      }),
      censor: '[secret]',
    },
  }
}

function requestFields({ method, url, ip }: FastifyRequest): Record<string, unknown> {
  return { method, path: pathOf(url), from: ip }
}

/** Of a request that is over, by whom it was asked too; of what could not be read as HTTP there is no request. */
function replyFields({ statusCode, request }: { statusCode?: number; request?: Partial<FastifyRequest> }): Record<string, unknown> {
  return { status: statusCode, method: request?.method, path: pathOf(request?.url), by: request?.principal?.name }
}

function pathOf(url: string | undefined): string | undefined {
  return url?.split('?')[0]
}

interface LogLine {
  readonly level: number
  readonly time: number
  readonly msg?: string
  readonly res?: { readonly status: number; readonly method?: string; readonly path?: string; readonly by?: string }
  readonly responseTime?: number
  readonly err?: { readonly stack?: string; readonly message?: string }
}

const names: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

/** A line of pino for people; empty for those that say again what the line of the answer says. */
function textOf(line: string): string {
  const { level, time, msg = '', res, responseTime, err } = JSON.parse(line) as LogLine
  if (msg === 'incoming request' || msg.startsWith('Server listening at')) return ''
  const head = `${new Date(time).toISOString()} ${names[level] ?? level}`
  const said =
    res === undefined ? msg : `${res.method ?? ''} ${res.path ?? ''} ${res.status} ${(responseTime ?? 0).toFixed(1)} ms ${res.by ?? ''}`
  const cause = err?.stack ?? err?.message
  return printableLines(`${head} ${said.trimEnd()}${cause === undefined ? '' : `\n${cause}`}`).concat('\n')
}
