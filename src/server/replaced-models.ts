import { PurserError } from '../errors.ts'

interface Asked {
  readonly models: readonly string[] | undefined
  readonly profile: string | undefined
  readonly compare: readonly string[] | undefined
}

type Replaced =
  | { readonly models: Readonly<Record<string, string>> }
  | { readonly profile: string }
  | { readonly compare: readonly string[] }

/** The other models under which a past run is looked at: exactly one way of naming them. @throws PURSER_BAD_ARGUMENT */
export function replacedModels({ models, profile, compare }: Asked): Replaced {
  const given = [models, profile, compare].filter((each) => each !== undefined)
  if (given.length !== 1) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Say either models=gpt-4o=gpt-4o-mini, profile=economy, or compare=economy,quality.')
  }
  if (compare !== undefined) return { compare }
  if (profile !== undefined) return { profile }
  return { models: Object.fromEntries((models ?? []).map(pair)) }
}

function pair(text: string): [string, string] {
  const place = text.indexOf('=')
  if (place < 1) throw new PurserError('PURSER_BAD_ARGUMENT', `models takes old=new, and "${text}" is not of that form.`)
  return [text.slice(0, place).trim(), text.slice(place + 1).trim()]
}
