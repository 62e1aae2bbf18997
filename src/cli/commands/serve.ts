import { Command, Option } from 'commander'
import { type LogLevel, logLevels, readOrigins, type ServerSettings } from '../../config/server-settings.ts'
import { PurserError } from '../../errors.ts'
import { shownPlace } from '../../ledger/ledger-place.ts'
import type { Serving } from '../../server/serve.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { openBrowser } from '../open-browser.ts'
import { note, warn, writeJson, writeLines } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { reachable, servingLines } from '../serving-view.ts'
import { type Session, withSession } from '../session.ts'
import { endsWithin, untilStopped } from '../until-stopped.ts'

interface ServeOptions {
  readonly host?: string
  readonly port?: number
  readonly cors?: readonly string[]
  readonly openDocs?: true
  readonly logLevel?: LogLevel
  readonly logJson?: true
}

const examples = `
Examples:
  purser serve                                        this machine alone, on port 7787
  purser serve --port 0 --open-docs                   any free port, and its reference in a browser
  purser serve --host 0.0.0.0                         for others too; needs a key: purser keys create
  purser serve --cors https://costs.example.com       pages of that site may ask
  purser serve --log-json 2>> server.log              one object a line

What is not said here stands in purser.yaml under \`server\`, or in PURSER_HOST, PURSER_PORT and their like, which win over it.
SIGINT and SIGTERM stop it in good order: requests under way are answered, and what was booked is on disk. The exit code
is 0 then, and 130 where a second signal ends it at once. docs/guide/server.md says how to run it for others.`

/** How long requests may go on once the server is told to stop. */
const lastRequestsMs = 20_000

export function defineServe(): Command {
  return new Command('serve')
    .description('Serves ledger and gate over HTTP, for every language and machine, until it is stopped.')
    .option('--host <address>', 'the address to listen on; 127.0.0.1, this machine alone, unless said otherwise')
    .option('--port <number>', 'the port; 7787 unless said otherwise, 0 for any that is free', portOf)
    .option('--cors <sites>', 'sites whose pages may ask, separated by commas', (text: string) => siteOf(text))
    .option('--open-docs', 'show the reference of the API in a browser')
    .addOption(new Option('--log-level <name>', 'the least that is logged; info has a line for each request').choices(logLevels))
    .option('--log-json', "log pino's JSON, one object a line, in place of text; so with --json too")
    .addHelpText('after', examples)
    .action(async (options: ServeOptions, self: Command) => {
      let isCut = false
      await withSession(self, async (session) => {
        isCut = !(await run(session, options))
      })
      // Connections that somebody still holds open would keep the process alive.
      if (isCut) process.exit()
    })
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new PurserError('PURSER_BAD_ARGUMENT', `--port is "${text}"; it must be a whole number from 0 to 65535.`)
}

function siteOf(text: string): string[] {
  try {
    return readOrigins(text, '--cors')
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    throw new PurserError('PURSER_BAD_ARGUMENT', error.message, { cause: error })
  }
}

/** Serves until the program is told to stop; gives whether all requests were answered then. */
async function run(session: Session, options: ServeOptions): Promise<boolean> {
  const settings = session.config.server()
  const purser = await session.open({ create: true, prices: true, profiles: true, announce: true, runs: true, tellsAtOnce: true })
  if (session.config.trackingEnabled) await applyBudgets(session, purser, 'warn')
  else warn('COST_TRACKING_ENABLED is false: nothing that is asked of this server is booked or held, and budgets limit nothing.')
  const serving = await listen(session, purser, settings, options)
  const stopped = untilStopped()
  try {
    const hasKeys = await purser.access.keys.isAny()
    await tell(session, serving, { ledger: shownPlace(purser.location), hasKeys, isReadOnly: purser.isReadOnly })
  } catch (error) {
    await serving.close()
    throw error
  }
  if (options.openDocs === true) openBrowser(`${reachable(serving.url)}/docs`)
  await stopped
  const areAnswered = await endsWithin(serving.close(), lastRequestsMs)
  await purser.flush()
  if (areAnswered) note('Stopped: all requests are answered, and what was booked is on disk.')
  else warn(`requests were still under way after ${lastRequestsMs / 1000} s and are cut; what was answered is on disk.`)
  return areAnswered
}

async function listen(
  { config, json }: Session,
  purser: Awaited<ReturnType<Session['open']>>,
  { host, port, corsOrigins, requestsPerMinute, bodyLimit, logLevel }: ServerSettings,
  options: ServeOptions,
): Promise<Serving> {
  const { serve } = await import('../../server/serve.ts')
  const { createServerLog } = await import('../server-log.ts')
  return serve(purser, {
    host: options.host ?? host,
    port: options.port ?? port,
    version: packageVersion(),
    weekStart: config.weekStart,
    corsOrigins: options.cors ?? corsOrigins,
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(bodyLimit !== undefined && { bodyLimit }),
    logger: createServerLog(options.logLevel ?? logLevel, options.logJson === true || json),
  })
}

async function tell(
  { json }: Session,
  { url }: Serving,
  facts: { readonly ledger: string; readonly hasKeys: boolean; readonly isReadOnly: boolean },
): Promise<void> {
  if (json) return writeJson({ url, pid: process.pid, ...facts })
  await writeLines(servingLines({ url, ...facts }))
}
