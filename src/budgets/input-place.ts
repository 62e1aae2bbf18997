/** Where a value stands in what was given: keys, and in lists numbers from 0. */
export type InputPath = readonly (string | number)[]

/** Says what is wrong with the value at a path; `predicate` follows its name, as in `is "x"; write …`. */
export type Refuse = (path: InputPath, predicate: string) => never

/** A place in an input, at which a value can be refused. */
export interface InputPlace {
  readonly in: (...path: InputPath) => InputPlace
  readonly refuse: (predicate: string) => never
}

export function inputPlace(refuse: Refuse, path: InputPath = []): InputPlace {
  return {
    in: (...deeper) => inputPlace(refuse, [...path, ...deeper]),
    refuse: (predicate) => refuse(path, predicate),
  }
}

/** A path as people read it, numbers from 1: `overrides.atlas.limit`, `thresholds[2]`. */
export function pathText(path: InputPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key + 1}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
}

const longestShown = 80

/** A value as a message shows it: texts in quotes, long ones cut. */
export function shown(value: unknown): string {
  const text = asText(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

/** What JSON has no word for is shown as code writes it: NaN, Infinity, a bigint, an object that holds itself. */
function asText(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  try {
    const text = JSON.stringify(value, (_, each: unknown) => {
      const isNumber = typeof each === 'bigint' || (typeof each === 'number' && !Number.isFinite(each))
      return isNumber ? String(each) : each
    })
    return text ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
