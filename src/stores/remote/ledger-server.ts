import { errorRegistry, type ErrorCode, PurserError } from '../../errors.ts'
import { fromWire, toWire } from './wire.ts'
import { notConnected } from '../../budgets/endings.ts'

/** Where a server is, and as whom it is asked. */
export interface LedgerServerOptions {
  readonly url: string
  readonly key?: string | undefined
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number
}

export interface AskOptions {
  /** Whether something may be changed: then an answer that is lost leaves open whether it was. */
  readonly writes: boolean
  /** Whether events that are written meanwhile are to be told with the answer. */
  readonly listens?: boolean
  /** For work that takes as long as it takes. */
  readonly isLong?: boolean
}

/** What a server answers. Charges are those that were written, for who has no right to look them up. */
export interface LedgerAnswer {
  readonly answer?: unknown
  readonly events?: readonly unknown[]
  readonly charges?: readonly unknown[]
}

/** Asks a purser server about its ledger: one request for each operation. */
export class LedgerServer {
  readonly #base: string
  readonly #options: LedgerServerOptions

  constructor(options: LedgerServerOptions) {
    this.#base = `${options.url.replace(/\/+$/, '')}/api/v1/ledger/`
    this.#options = options
  }

  /**
   * Asks one operation.
   * @throws PURSER_LEDGER_UNAVAILABLE where nothing was changed, PURSER_OUTCOME_UNKNOWN where that is not known, and what the
   * server refuses with
   */
  async ask(operation: string, input: unknown, options: AskOptions): Promise<LedgerAnswer> {
    try {
      return await this.#askOnce(operation, input, options)
    } catch (error) {
      // An idle connection that the server gave up says nothing of the server.
      if (options.writes || !(error instanceof LostAnswer)) throw errorOf(error)
    }
    return this.#askOnce(operation, input, options).catch((error: unknown) => {
      throw errorOf(error)
    })
  }

  async #askOnce(operation: string, input: unknown, { writes, listens = false, isLong = false }: AskOptions): Promise<LedgerAnswer> {
    const response = await this.#send(operation, { input: toWire(input), ...(listens && { listens }) }, writes, isLong)
    const text = await response.text().catch((error: unknown) => {
      throw this.#lost(writes, error)
    })
    if (!response.ok) throw this.#refusal(response.status, text, writes)
    const { answer, events, charges } = parse(text, () => this.#lost(writes, undefined)) as LedgerAnswer
    return {
      answer: fromWire(answer),
      ...(events !== undefined && { events: events.map(fromWire) }),
      ...(charges !== undefined && { charges: charges.map(fromWire) }),
    }
  }

  /** Lines of an answer, as they arrive. @throws as `ask`, of what only reads */
  async *lines(operation: string, input: unknown): AsyncIterable<AnswerLine> {
    let response: Response
    try {
      response = await this.#send(operation, { input: toWire(input) }, false, true)
      if (!response.ok) throw this.#refusal(response.status, await response.text(), false)
    } catch (error) {
      throw errorOf(error)
    }
    let isWhole = false
    try {
      for await (const line of linesOf(response)) {
        const { error, end, ...held } = parse(line, () => this.#lost(false, undefined)) as Line
        if (error !== undefined) throw toError(error.code, error.detail)
        if (end === true) isWhole = true
        else yield fromWire(held) as AnswerLine
      }
    } catch (error) {
      if (error instanceof PurserError) throw error
      throw errorOf(this.#lost(false, error))
    }
    if (!isWhole) throw errorOf(this.#lost(false, undefined))
  }

  async #send(operation: string, body: unknown, writes: boolean, isLong: boolean): Promise<Response> {
    const { key, timeoutMs } = this.#options
    try {
      return await fetch(this.#base + operation, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
        body: JSON.stringify(body),
        // The key is for this server alone.
        redirect: 'error',
        ...(!isLong && { signal: AbortSignal.timeout(timeoutMs) }),
      })
    } catch (error) {
      if (notConnected.has(String(causeOf(error)))) throw this.#unavailable(`cannot be reached (${String(causeOf(error))})`, error)
      throw this.#lost(writes, error)
    }
  }

  #refusal(status: number, text: string, writes: boolean): Error {
    const problem = parse(text, () => undefined) as { code?: unknown; detail?: unknown } | undefined
    if (typeof problem?.code === 'string' && Object.hasOwn(errorRegistry, problem.code)) {
      return toError(problem.code as ErrorCode, String(problem.detail))
    }
    if (status === 502 || status === 504 || status === 500) return this.#lost(writes, undefined)
    if (status === 503 || status === 429) return this.#unavailable(`answers ${status}`)
    return this.#unavailable(`answers ${status}, which no purser server does`)
  }

  #unavailable(what: string, cause?: unknown): PurserError {
    return new PurserError('PURSER_LEDGER_UNAVAILABLE', `The purser server at ${this.#options.url} ${what}. Nothing was changed.`, {
      cause,
    })
  }

  #lost(writes: boolean, cause: unknown): Error {
    const told = writes
      ? new PurserError(
          'PURSER_OUTCOME_UNKNOWN',
          `The answer of the purser server at ${this.#options.url} was lost: what was asked may have been done, or not.`,
          { cause },
        )
      : this.#unavailable('gave no answer', cause)
    return new LostAnswer(told)
  }
}

/** A part of a long answer: charges, and the place up to which charges have been looked at. */
export interface AnswerLine {
  readonly page?: unknown
  readonly place?: unknown
}

interface Line extends AnswerLine {
  readonly error?: { readonly code: ErrorCode; readonly detail: string }
  readonly end?: boolean
}

/** An answer that did not arrive, with the error that this comes to. */
class LostAnswer extends Error {
  readonly told: PurserError

  constructor(told: PurserError) {
    super(told.message)
    this.told = told
  }
}

function errorOf(error: unknown): unknown {
  return error instanceof LostAnswer ? error.told : error
}

function toError(code: ErrorCode, detail: string): PurserError {
  return new PurserError(code, detail)
}

function parse(text: string, otherwise: () => unknown): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const error = otherwise()
    if (error instanceof Error) throw error
    return undefined
  }
}

/** What a failed `fetch` failed of, as far as it says. */
function causeOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: unknown; errors?: readonly { code?: unknown }[] } }
  return cause?.code ?? cause?.errors?.[0]?.code
}

async function* linesOf({ body }: Response): AsyncIterable<string> {
  if (body === null) return
  let rest = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
