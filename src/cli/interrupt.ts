import { note } from './output.ts'
import { exitCodes } from './report-error.ts'

/**
 * Runs work that Ctrl-C ends in good order: the signal is aborted, and what the work makes of it is its own. A second
 * Ctrl-C ends the program at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    process.exitCode = exitCodes.interrupted
    note('Stopping; press Ctrl-C again to end at once.')
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}
