import type { Fetch } from './client-options.ts'

/** Where Node keeps the dispatcher of its fetch (https://github.com/nodejs/undici/blob/main/lib/global.js). */
const dispatcherKey = Symbol.for('undici.globalDispatcher.1')

interface Dispatcher {
  readonly dispatch: (options: object, handler: object) => boolean
}

const patient: Dispatcher = {
  dispatch: (options, handler) =>
    (Reflect.get(globalThis, dispatcherKey) as Dispatcher).dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
}

/**
 * Node's fetch without its own limit of five minutes for an answer to begin. Google's SDK lifts that limit for what it
 * sends itself, but not where it is given a fetch.
 */
export const patientFetch: Fetch = (input, init) => {
  const hasDispatcher = Reflect.get(globalThis, dispatcherKey) !== undefined
  return fetch(input, hasDispatcher ? ({ ...init, dispatcher: patient } as RequestInit) : init)
}
