import type { Meter } from '../meters.ts'
import type { Attributes } from '../usage.ts'

/** Why the worst case of a request cannot be told from the request alone. */
export type UnboundedReason =
  /** The provider adds what it keeps: an earlier response, a conversation, a stored prompt, a cache by name. */
  | 'stored-content'
  /** A file, by id, address or content, whose tokens no published rule bounds. */
  | 'file'
  | 'image'
  | 'audio'
  | 'video'
  /** A tool that the provider runs: it is sampled again after each use, and results come into the prompt. */
  | 'server-tool'
  /** The provider samples more than once, such as to compact the context, or the caller's SDK loops over steps. */
  | 'repeated-sampling'
  /** Nothing says how long the answer may become. */
  | 'no-max-output'
  /** What is sold is not tokens, and the request does not say how much of it. */
  | 'undeclared-quantity'
  | 'unknown-field'
  | 'unknown-part'
  | 'bad-value'

/** Something in a request that keeps it from being bounded. */
export interface Unbounded {
  readonly reason: UnboundedReason
  /** Where it stands in the request: `tools[0]`, `messages[2].content[1]`. */
  readonly field: string
  /** What it is and what to do about it; no text of the prompt. */
  readonly message: string
}

export type CacheWrite = Extract<Meter, `cacheWrite${string}`>

export interface ModelName {
  readonly provider: string
  readonly model: string
}

/**
 * What a call may consume at most, as far as its request tells, and in which ways it may be served. It holds sizes and
 * names, never text of a prompt.
 */
export interface CallRequest extends ModelName {
  /** Models that may answer instead. */
  readonly fallbacks: readonly ModelName[]
  /** Whether each of them may be billed beside the first, as where the provider itself goes on to the next one. */
  readonly fallbacksAddUp: boolean
  /** UTF-8 bytes of every text that the model reads. A token is at least a byte of it. */
  readonly promptBytes: number
  /** Tokens that the provider puts around the text: roles, tools, its own instructions. */
  readonly overheadTokens: number
  /** Tokens that the caller has counted; they stand for bytes and overhead. */
  readonly inputTokens?: number
  /** How often the prompt may be billed: once, or once for each choice; 0 where text is not billed by tokens. */
  readonly promptReadings: number
  /** The longest answer of each choice, in tokens, with reasoning; absent where nothing says it. */
  readonly maxOutputTokens?: number
  /** Tokens of output that come on top of it, for each choice: a thinking budget that an SDK adds. */
  readonly outputTokensOnTop: number
  /** The least `maxOutputTokens` that the provider takes, such as more than the thinking budget. */
  readonly leastOutputTokens: number
  readonly choices: number
  /** Meters of what the model puts out; none where it puts out no tokens. Each must have a rate. */
  readonly outputMeters: readonly Meter[]
  /** Meters that may count output too, where the card rates them. */
  readonly possibleOutputMeters: readonly Meter[]
  /** What is consumed at most beside text and answer: images, characters, seconds, searches, tokens of other media. */
  readonly quantities: Readonly<Partial<Record<Meter, number>>>
  /** Writes to a cache that the request may cause. */
  readonly cacheWrites: readonly CacheWrite[]
  /** Service tiers that may be served, the asked one first; `''` is the standard one. */
  readonly serviceTiers: readonly string[]
  readonly speeds: readonly string[]
  readonly regions: readonly string[]
  /** Attributes of what is sold; `*` is any value, where the provider chooses. */
  readonly attributes: Attributes
  readonly unbounded: readonly Unbounded[]
}

/** A request, and what its sender knows that does not stand in it. */
export interface RequestSource {
  /** As the owner writes it: `openai`, `anthropic`, `google`, `bedrock`, `openrouter`, … */
  readonly provider: string
  /** As people name it: `chat`, `responses`, `messages`, `generateContent`, `converse`, `ai-sdk`, `plain`, … */
  readonly api: string
  /** The body as it is sent, parsed; or the call options of the AI SDK; or the plain form. */
  readonly body: unknown
  /** The model, where it stands in the address and not in the body. */
  readonly model?: string
  /** Tokens of the prompt, counted by the provider's own counter for this model. */
  readonly inputTokens?: number
  /** The longest answer in tokens, where the caller knows the model's limit and the request sets none. */
  readonly maxOutputTokens?: number
  /** Models that the caller may call instead within the same hold. */
  readonly fallbacks?: readonly ModelName[]
  /** Tiers that the account may be served; where it is known that `auto` is standard, `['standard']` gives a lower bound. */
  readonly serviceTiers?: readonly string[]
  /** The region of the address or of the workspace; `''` is none. */
  readonly regions?: readonly string[]
  /** Quantities that the caller knows: `{ audioSeconds: 62 }`. */
  readonly quantities?: Readonly<Partial<Record<Meter, number>>>
}

/** One reader: a provider's API and how its request becomes what may be consumed. */
export interface RequestReader {
  /** Names of providers that it reads; `*` for any. */
  readonly providers: readonly string[]
  /** Names of the API that it reads; the first is the canonical one. */
  readonly apis: readonly string[]
  /** Where the provider describes these fields. */
  readonly source: string
  /** @throws PURSER_BAD_RECORD when the body is no request of this API, or names no model. */
  readonly read: (source: RequestSource) => CallRequest
}

/**
 * Most tokens that the text of the prompt can be billed for, over all readings of it: those counted, else its bytes
 * and what the provider puts around them.
 */
export function promptTokensAtMost(request: CallRequest): number {
  return (request.inputTokens ?? request.promptBytes + request.overheadTokens) * request.promptReadings
}

/** Most tokens of output over all choices; undefined where nothing bounds them. */
export function outputTokensAtMost(request: CallRequest): number | undefined {
  if (request.outputMeters.length === 0) return 0
  if (request.maxOutputTokens === undefined) return undefined
  return (request.maxOutputTokens + request.outputTokensOnTop) * request.choices
}
