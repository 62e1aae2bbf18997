import { note } from './output.ts'
import { exitCodes } from './report-error.ts'

/** A terminal's Ctrl-C comes twice within this time where npm, which hears it too, passes it on. */
const sameSignalMs = 500

/** Waits until the program is told to stop; from then on a second signal ends it at once. */
export function untilStopped(): Promise<void> {
  let stoppedAt: number | undefined
  return new Promise((resolve) => {
    const onSignal = (): void => {
      const now = performance.now()
      if (stoppedAt === undefined) {
        stoppedAt = now
        note('Stopping: requests under way are answered first; press Ctrl-C again to end at once.')
        resolve()
      } else if (now - stoppedAt > sameSignalMs) process.exit(exitCodes.interrupted)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}

/** Whether something ends within a time. @throws what it throws */
export async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
