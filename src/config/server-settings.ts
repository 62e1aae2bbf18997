import { PurserError } from '../errors.ts'
import type { ConfigFile } from './config-file.ts'
import { type Environment, nonEmpty } from './locations.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** The `server` block of purser.yaml as written. */
export interface WrittenServer {
  readonly host?: string
  readonly port?: number | string
  readonly cors_origins?: readonly string[]
  readonly requests_per_minute?: number | string
  readonly body_limit_mb?: number | string
  readonly log_level?: LogLevel
}

/** How the ledger is served; undefined where nothing is said. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly corsOrigins: readonly string[]
  readonly requestsPerMinute: number | undefined
  /** The largest body of a request, in bytes. */
  readonly bodyLimit: number | undefined
  readonly logLevel: LogLevel
}

/** What serving says by a variable, a flag or the file, each in the same words. */
export const serverSettingMeanings = {
  PURSER_HOST: 'the address that `purser serve` listens on, as `server.host`',
  PURSER_PORT: 'its port, as `server.port`',
  PURSER_CORS_ORIGINS: 'sites whose pages may ask it, separated by commas, as `server.cors_origins`',
  PURSER_REQUESTS_PER_MINUTE: 'requests that one key may make in a minute, as `server.requests_per_minute`',
  PURSER_BODY_LIMIT_MB: 'the largest body of a request, as `server.body_limit_mb`',
  PURSER_LOG_LEVEL: 'what it logs, as `server.log_level`',
} as const

type Variable = keyof typeof serverSettingMeanings

export const defaultHost = '127.0.0.1'
export const defaultPort = 7787
const bytesOfMb = 1024 * 1024

/**
 * How the ledger is served: the environment wins over the file.
 * @throws PURSER_BAD_CONFIG naming the variable, or the place in the file
 */
export function readServerSettings(
  env: Environment,
  written: { readonly value: WrittenServer; readonly file: Pick<ConfigFile, 'locate'> } | undefined,
): ServerSettings {
  const said = <K extends keyof WrittenServer>(key: K, variable: Variable): Said<string | NonNullable<WrittenServer[K]>> | undefined => {
    const own = nonEmpty(env[variable]?.trim())
    if (own !== undefined) return { value: own, by: variable }
    const value = written?.value[key]
    if (written === undefined || value === undefined || value === null) return undefined
    return { value: value as NonNullable<WrittenServer[K]>, by: `${written.file.locate(`server.${key}`)}: server.${key}` }
  }
  const whole = (key: 'requests_per_minute' | 'body_limit_mb', variable: Variable, max: number): number | undefined => {
    const found = said(key, variable)
    return found === undefined ? undefined : wholeWithin(found, 1, max)
  }
  const port = said('port', 'PURSER_PORT')
  const origins = said('cors_origins', 'PURSER_CORS_ORIGINS')
  const level = said('log_level', 'PURSER_LOG_LEVEL')
  const megabytes = whole('body_limit_mb', 'PURSER_BODY_LIMIT_MB', 1024)
  return {
    host: String(said('host', 'PURSER_HOST')?.value ?? defaultHost),
    port: port === undefined ? defaultPort : wholeWithin(port, 0, 65_535),
    corsOrigins: origins === undefined ? [] : readOrigins(origins.value, origins.by),
    requestsPerMinute: whole('requests_per_minute', 'PURSER_REQUESTS_PER_MINUTE', 10_000_000),
    bodyLimit: megabytes === undefined ? undefined : megabytes * bytesOfMb,
    logLevel: level === undefined ? 'info' : readLevel(level),
  }
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** Whether an address is one that this machine alone reaches. */
export function isLoopback(host: string): boolean {
  return loopback.has(host)
}

interface Said<T> {
  readonly value: T
  /** What says it: a variable, an option, or a place in a file. */
  readonly by: string
}

/** @throws PURSER_BAD_CONFIG */
function wholeWithin({ value, by }: Said<unknown>, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw new PurserError('PURSER_BAD_CONFIG', `${by} is "${String(value)}"; it must be a whole number from ${min} to ${max}.`)
}

/**
 * Sites as browsers name them: `https://costs.example.com`, without a path.
 * @throws PURSER_BAD_CONFIG for anything else, `*` among them: whoever may ask is named
 */
export function readOrigins(given: string | readonly string[], by: string): string[] {
  const origins = (typeof given === 'string' ? given.split(',') : given).map((origin) => origin.trim()).filter((origin) => origin !== '')
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
  if (wrong === undefined) return origins
  throw new PurserError(
    'PURSER_BAD_CONFIG',
    `${by} has "${wrong}"; write a site as browsers name it, like https://costs.example.com, without a path.`,
  )
}

function readLevel({ value, by }: Said<string>): LogLevel {
  const level = logLevels.find((name) => name === value)
  if (level !== undefined) return level
  throw new PurserError('PURSER_BAD_CONFIG', `${by} is "${value}"; it must be one of ${logLevels.join(', ')}.`)
}
