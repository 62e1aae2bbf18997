import type { NamePattern } from './card.ts'
import { isRegionOrVendor } from './normalise-model.ts'

const monthDay = '(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])'
const dashedMonthDay = '(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])'
const versionPart = [
  `-20\\d{2}${monthDay}`,
  `-20\\d{2}-${dashedMonthDay}`,
  `-${dashedMonthDay}`,
  '-(?:0[1-9]|1[0-2])-20\\d{2}',
  `-${monthDay}`,
  '-2[2-9](?:0[1-9]|1[0-2])',
  '-0\\d{2}',
  '-v\\d+(?::\\d+)?(?::\\d+k)?',
  ':\\d+',
  '@(?:\\d{8}|\\d{3}|latest|default)',
  '-(?:latest|stable)',
  '\\[1m\\]',
].join('|')
const versions = new RegExp(`^(?:${versionPart})*$`)
const dateBegun = /[-@:\d]*$/

/** Whether a name is covered by a pattern; a longer length is a closer fit, undefined is none. */
export function matchPattern(pattern: NamePattern, name: string): number | undefined {
  if ('regex' in pattern) return compiled(pattern.regex).test(name) ? 0 : undefined
  if ('prefix' in pattern) {
    return name.startsWith(pattern.prefix) && isVersion(pattern.prefix, name.slice(pattern.prefix.length))
      ? pattern.prefix.length
      : undefined
  }
  const at = name.indexOf(pattern.contains)
  if (at < 0 || !isRegionOrVendor(name.slice(0, at))) return undefined
  return isVersion(pattern.contains, name.slice(at + pattern.contains.length)) ? pattern.contains.length : undefined
}

/**
 * Whether the rest of a name is nothing but dates and versions. The pattern may end inside a date
 * (`claude-sonnet-4-2025` + `0514`), so the parts of a date with which it ends belong to the rest.
 * `-5` is neither: `claude-opus-5` does not cover `claude-opus-5-5`. Nor are `-exp`, `-preview`
 * and `-beta`: vendors sell such models at other prices than the model they lead to, so a card that covers one names it.
 */
function isVersion(text: string, rest: string): boolean {
  if (versions.test(rest)) return true
  const begun = dateBegun.exec(text)?.[0] ?? ''
  for (let start = begun.length - 1; start >= 0; start -= 1) {
    if (!/\d/.test(begun[start] ?? '') && versions.test(begun.slice(start) + rest)) return true
  }
  return false
}

const expressions = new Map<string, RegExp>()

function compiled(source: string): RegExp {
  let expression = expressions.get(source)
  if (expression === undefined) {
    expression = new RegExp(`^(?:${source})$`)
    expressions.set(source, expression)
  }
  return expression
}
