import type { Ending } from '../../budgets/endings.ts'
import { endingOfError } from '../ending-of-error.ts'
import type { OpenCall } from './open-call.ts'

/** Milliseconds between two signs of life that a stream gives its hold. */
const extendEveryMs = 60_000

/** What is to be done once a stream is over: how it ended, and the events that had arrived. */
export type StreamEnd = (ending: Extract<Ending, 'ok' | 'cut' | 'aborted'>, events: readonly unknown[]) => void

/**
 * Where an answer is a stream, watches it being read and says how it ended: at its end, broken off, or left by its reader.
 * The answer stays the object that it is. `unwatchable`: it is a stream that cannot be changed, such as a frozen one, so
 * nobody is told how it ends.
 */
export function observeStream(answer: unknown, open: OpenCall, over: StreamEnd): 'none' | 'watched' | 'unwatchable' {
  if (typeof answer !== 'object' || answer === null) return 'none'
  let isRead = false
  try {
    const begin: unknown = Reflect.get(answer, Symbol.asyncIterator)
    if (typeof begin !== 'function') return 'none'
    const iterate = begin.bind(answer) as () => AsyncIterator<unknown>
    const value = (): AsyncIterator<unknown> => {
      if (isRead) return iterate()
      isRead = true
      return watched(iterate(), open, over)
    }
    return Reflect.defineProperty(answer, Symbol.asyncIterator, { configurable: true, writable: true, value }) ? 'watched' : 'unwatchable'
  } catch {
    return 'unwatchable'
  }
}

async function* watched(events: AsyncIterator<unknown>, open: OpenCall, over: StreamEnd): AsyncGenerator<unknown> {
  const arrived: unknown[] = []
  let extendedAt = performance.now()
  // Leaving a loop over the events ends the generator where it gave the last one.
  let ending: 'ok' | 'cut' | 'aborted' = 'aborted'
  try {
    for (;;) {
      const next = await events.next()
      if (next.done === true) break
      arrived.push(next.value)
      if (performance.now() - extendedAt > extendEveryMs) {
        open.extend()
        extendedAt = performance.now()
      }
      yield next.value
    }
    ending = 'ok'
  } catch (error) {
    ending = endingOfError(error) === 'aborted' ? 'aborted' : 'cut'
    throw error
  } finally {
    over(ending, arrived)
    if (ending === 'aborted') await events.return?.()
  }
}
