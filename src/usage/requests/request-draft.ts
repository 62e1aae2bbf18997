import { PurserError } from '../../errors.ts'
import { isMeter, type Meter } from '../meters.ts'
import { asFields, asList, asText, type Fields, show } from '../readers/fields.ts'
import { parseQuantity } from '../usage.ts'
import { allowances, requestAllowance } from './allowances.ts'
import type { CallRequest, ModelName, RequestSource, Unbounded, UnboundedReason } from './call-request.ts'
import { imageTokensAtMost } from './media-tokens.ts'
import { knownMaxOutput } from './output-limits.ts'
import { jsonBytes, textBytes } from './text-bytes.ts'

/** What a reader finds out beside the prompt; the rest has the values of a plain call. */
export type RequestFindings = Partial<
  Pick<
    CallRequest,
    | 'fallbacksAddUp'
    | 'promptReadings'
    | 'outputTokensOnTop'
    | 'leastOutputTokens'
    | 'choices'
    | 'outputMeters'
    | 'possibleOutputMeters'
    | 'cacheWrites'
    | 'serviceTiers'
    | 'speeds'
    | 'regions'
    | 'attributes'
  >
> & { readonly maxOutputTokens?: number | undefined }

/** Gathers what a request may consume while its body is read. */
export class RequestDraft {
  readonly model: string
  /** The model, and those that may answer instead: what depends on the model is the most of them all. */
  readonly models: readonly string[]
  readonly #source: RequestSource
  readonly #fallbacks: readonly ModelName[]
  readonly #quantities: Partial<Record<Meter, number>> = {}
  readonly #unbounded: Unbounded[] = []
  #bytes = 0
  #overhead: number

  /** @throws PURSER_BAD_RECORD where neither the body nor the caller names the model. */
  constructor(source: RequestSource, model: string | undefined, fallbacks: readonly ModelName[] = []) {
    const named = source.model ?? model
    if (named === undefined) {
      throw new PurserError(
        'PURSER_BAD_RECORD',
        `The ${source.api} request names no model; where its address does, give "model" beside it.`,
      )
    }
    this.#source = source
    this.model = named
    this.#fallbacks = [...(source.fallbacks ?? []), ...fallbacks]
    this.models = [named, ...this.#fallbacks.map((fallback) => fallback.model)]
    this.#overhead = Math.max(requestAllowance(source.provider), ...this.#fallbacks.map(({ provider }) => requestAllowance(provider)))
  }

  /** Text that the model reads as it is. */
  text(value: string | undefined): void {
    if (value !== undefined) this.#bytes += textBytes(value)
  }

  /** A field that the model reads: text as it is, anything else as JSON. */
  value(value: unknown): void {
    if (typeof value === 'string') this.text(value)
    else this.json(value)
  }

  /** What the provider writes into the prompt as JSON. */
  json(value: unknown): void {
    if (value !== undefined && value !== null) this.#bytes += jsonBytes(value)
  }

  /** Text that the caller has measured. */
  bytes(count: number): void {
    this.#bytes += count
  }

  /** Tokens beside those of the text. */
  allow(tokens: number): void {
    this.#overhead += tokens
  }

  /** Definitions of tools that the caller runs, and what the provider says about tools. */
  tools(definitions: readonly unknown[]): void {
    if (definitions.length === 0) return
    this.json(definitions)
    this.allow(allowances.toolInstructions + allowances.tool * definitions.length)
  }

  quantity(meter: Meter, amount: number): void {
    this.#quantities[meter] = (this.#quantities[meter] ?? 0) + amount
  }

  image(field: string): void {
    const most = mostOf(this.models, imageTokensAtMost)
    if (most !== undefined) this.quantity('imageInputTokens', most)
    else this.refuse('image', field, `no published rule bounds the tokens of an image for ${this.models.join(', ')}`)
  }

  /** The longest answer: what the request says, else what the caller knows, else the most of the models. */
  maxOutput(declared: number | undefined): number | undefined {
    return declared ?? this.#source.maxOutputTokens ?? mostOf(this.models, knownMaxOutput)
  }

  refuse(reason: UnboundedReason, field: string, why: string): void {
    this.#unbounded.push({ reason, field, message: `${field}: ${why}.` })
  }

  /** A field that holds a list, or is absent; anything else is refused, as nothing of it would be counted. */
  list(fields: Fields | undefined, name: string, where = ''): readonly unknown[] {
    const value = fields?.[name]
    if (value !== undefined && value !== null && !Array.isArray(value))
      this.refuse('bad-value', `${where}${name}`, `${show(value)} is no list`)
    return asList(value)
  }

  /** A limit or a count; undefined where it is not given. What is no whole number is refused. */
  count(fields: Fields | undefined, name: string, where = ''): number | undefined {
    const value = fields?.[name]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    this.refuse('bad-value', `${where}${name}`, `${show(value)} is no whole number from 0`)
    return undefined
  }

  /** Numbers and switches are settings; any other field that is not known may bring in something that is not seen here. */
  refuseUnknown(fields: Fields, known: ReadonlySet<string>, where = ''): void {
    for (const [name, value] of Object.entries(fields)) {
      if (known.has(name) || value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) continue
      this.refuse('unknown-field', `${where}${name}`, 'this field is not known, so what it adds cannot be bounded')
    }
  }

  toRequest(findings: RequestFindings): CallRequest {
    const { provider, inputTokens, serviceTiers, regions, quantities = {} } = this.#source
    for (const [meter, quantity] of Object.entries(quantities)) {
      if (isMeter(meter)) this.#quantities[meter] = parseQuantity(meter, quantity)
      else throw new PurserError('PURSER_UNKNOWN_METER', `Unknown quantity "${meter}".`)
    }
    const { maxOutputTokens, ...others } = findings
    return {
      provider,
      model: this.model,
      fallbacksAddUp: false,
      promptBytes: this.#bytes,
      overheadTokens: this.#overhead,
      ...(inputTokens === undefined ? {} : { inputTokens: parseQuantity('inputTokens', inputTokens) }),
      promptReadings: 1,
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      outputTokensOnTop: 0,
      leastOutputTokens: 1,
      choices: 1,
      outputMeters: [],
      possibleOutputMeters: [],
      cacheWrites: [],
      speeds: [''],
      attributes: {},
      ...others,
      fallbacks: this.#fallbacks,
      serviceTiers: (serviceTiers ?? findings.serviceTiers ?? ['']).map(standardAsEmpty),
      regions: (regions ?? findings.regions ?? ['']).map(standardAsEmpty),
      quantities: this.#quantities,
      unbounded: this.#unbounded.filter((found) => !isDeclared(found, quantities)),
    }
  }
}

const declaredBy: Partial<Record<UnboundedReason, Meter>> = {
  image: 'imageInputTokens',
  audio: 'audioInputTokens',
  video: 'videoInputTokens',
}

/** Whether the caller says how much it is of what the request leaves open. */
function isDeclared({ reason, field }: Unbounded, quantities: Readonly<Partial<Record<Meter, number>>>): boolean {
  const meter = reason === 'undeclared-quantity' && isMeter(field) ? field : declaredBy[reason]
  return meter !== undefined && quantities[meter] !== undefined
}

/** The most that any of the models may have; undefined where that of one is not known. */
export function mostOf(models: readonly string[], mostFor: (model: string) => number | undefined): number | undefined {
  const all = models.map(mostFor)
  return all.includes(undefined) ? undefined : Math.max(...all.map((most) => most ?? 0))
}

function standardAsEmpty(level: string): string {
  return level === 'standard' || level === 'default' ? '' : level
}

/** @throws PURSER_BAD_RECORD when a body is no JSON object. */
export function requestFields(source: RequestSource): Fields {
  const fields = asFields(source.body)
  if (fields === undefined) {
    throw new PurserError('PURSER_BAD_RECORD', `The ${source.api} request is ${show(source.body)}; it must be a JSON object.`)
  }
  return fields
}

/** Names of fields, written as words. */
export function fieldNames(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')))
}

/** What to do with a part of a message, by its type; `nothing` where its reader has done it. */
export type PartKind = 'text' | 'json' | 'image' | 'audio' | 'video' | 'file' | 'stored-content' | 'nothing'

/** What parts carry for the provider and not for the model. */
const marks = new Set(['cache_control', 'cacheControl', 'cachePoint', 'providerOptions', 'providerMetadata'])

const whyRefused = {
  audio: 'how long it plays is not known, so its tokens cannot be bounded',
  video: 'how long it plays is not known, so its tokens cannot be bounded',
  file: 'what the provider reads out of it cannot be bounded',
  'stored-content': 'the provider adds what it has stored, which cannot be bounded',
} as const

/**
 * Reads content that is text, or a list of parts. `kindOf` names what a part is; undefined refuses it as unknown.
 */
export function readContent(draft: RequestDraft, content: unknown, field: string, kindOf: (part: Fields) => PartKind | undefined): void {
  if (content === undefined || content === null) return
  if (typeof content === 'string') return draft.text(content)
  if (!Array.isArray(content)) return readPart(draft, content, field, kindOf)
  for (const [index, part] of asList(content).entries()) readPart(draft, part, `${field}[${index}]`, kindOf)
}

function readPart(draft: RequestDraft, part: unknown, field: string, kindOf: (part: Fields) => PartKind | undefined): void {
  if (typeof part === 'string') return draft.text(part)
  const fields = asFields(part)
  const kind = fields === undefined ? undefined : kindOf(fields)
  switch (kind) {
    case undefined:
      return draft.refuse('unknown-part', field, `a part of type ${show(fields?.['type'])} is not known, so what it adds cannot be bounded`)
    case 'text':
      for (const [name, value] of Object.entries(fields ?? {})) {
        if (typeof value !== 'string') draft.json(marks.has(name) ? undefined : value)
        else if (name !== 'type') draft.text(value)
      }
      return
    case 'json':
      return draft.json(fields)
    case 'image':
      return draft.image(field)
    case 'nothing':
      return
    default:
      return draft.refuse(kind, field, whyRefused[kind])
  }
}

/** The type of a part, where it is one of the known ones. */
export function kindByType(kinds: Readonly<Record<string, PartKind>>): (part: Fields) => PartKind | undefined {
  return (part) => {
    const type = asText(part['type'])
    return type !== undefined && Object.hasOwn(kinds, type) ? kinds[type] : undefined
  }
}
